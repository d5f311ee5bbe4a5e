"""What the equipment gives: documented indicators for the owner of the service (R64 to R66)."""
