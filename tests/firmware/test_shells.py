"""The hub's tasks on its interpreter, against hardware that the scripts play."""

from __future__ import annotations

import pytest

from firmware import hub_vm

# The scripts hold a flash in memory for each of their cases, which no hub does.
HEAP = "4m"
CASES = {
    "sensor_task.py": [
        "straight_way",
        "hangs_up_after_silence",
        "notifications_are_journaled_one_by_one_and_losses_told",
        "without_room_it_hangs_up_until_there_is_room",
        "a_radio_that_fails_is_restarted",
        "a_sensor_that_has_just_gone_is_no_fault_of_the_radio",
        "a_late_connection_that_cannot_be_hung_up_restarts_the_radio",
        "after_a_connection_in_order_the_sensor_knows",
        "a_read_that_was_answered_proves_it_whatever_fails_then",
        "a_value_before_the_radio_failed_may_come_again",
        "a_radio_beyond_hope_ends_the_task",
        "lost_events_restart_the_radio",
    ],
    "sensor_services.py": [
        "advertised_values_are_journaled_without_a_connection",
        "without_heap_nobody_is_connected_to_and_that_is_told_once",
        "a_bond_that_finds_no_room_is_told_with_its_slot",
        "a_flush_is_answered_when_all_is_durable",
        "another_of_the_same_name_is_asked_for_everything",
        "a_link_counts_what_it_has_heard_and_says_how_it_wants_to_pair",
        "a_sensor_is_heard_again_once_it_was_told_of",
        "clocks_and_events_bear_the_slot",
        "a_connection_goes_to_the_link_that_asked_for_it",
        "uptime_is_right_beyond_thirty_bits",
    ],
    "uplink_task.py": [
        "all_is_delivered_and_the_time_is_known",
        "time_comes_from_the_answer_if_no_server_tells",
        "bad_answers_release_nothing_and_are_told",
        "refused_records_are_released_and_told_once",
        "the_worlds_failures_are_tried_again",
        "a_stranger_is_told_of",
        "a_certificate_out_of_time_sets_the_chip_again",
        "an_impossible_time_is_not_believed",
        "a_flash_that_cannot_be_read_stops_nobody",
        "records_that_vanish_are_told",
        "a_network_that_leads_nowhere_is_left_and_joined_again",
    ],
    "uplink_outcomes.py": [
        "a_hub_without_time_asks_the_collector_and_gives_nothing_meanwhile",
        "who_is_not_enrolled_is_told_and_asks_at_the_heartbeat",
        "the_collectors_word_is_waited_for_and_no_fault_of_the_link",
        "a_redirect_is_not_followed",
        "a_record_that_no_batch_may_hold_is_kept_and_does_not_stop_the_others",
        "a_collector_that_takes_nothing_is_left_in_peace",
    ],
}


@pytest.mark.parametrize("script", CASES)
def test_every_case_of(script: str) -> None:
    said = hub_vm.run_script(script, heap=HEAP)
    assert [line[3:] for line in said.splitlines() if line.startswith("ok ")] == CASES[script]
