"""The fleet as values: what hubs say of themselves beside what they were told, and what of it is
somebody's task. For `varde fleet hubs`, `varde fleet faults`, `varde kit support` and the pages.

Nothing here opens a reading, and nothing fetches one: of readings only the numbers are read that
stand in clear beside them.

    report_facts    a report's facts, none of them believed in its shape
    silence         heard in time, late, silent, never, or switched off in the store
    clock_quality   the last anchor, the share of records with a good time, free runs
    hub_view        one hub, all of it, pure
    fault_codes     what can be wrong: whose task it is, and how soon
    hub_faults, stock_faults, rollout_faults    what is wrong now, pure
    watching        reads databases and the site's folder, keeps what does not change
    listing         filter, order, page by page
    one_hub         a hub's own page: its newest records in clear, events, data by month
    support         a kit, by its id: what to say on the telephone (R32)
"""
