"""The hubs of a site as a whole: what they shall run, what they say that they run."""
