"""The platform's security list: what an attacker tries, by area, and the tests elsewhere that try it too."""

from collections.abc import Iterator
from dataclasses import dataclass

_SESSIONS = "tests/integration/test_auth_sessions.py"
_LIVE = "tests/integration/test_live_server.py"
_BASICS = "tests/integration/test_web_basics.py"
_ABUSE = "tests/security/test_abuse.py"
_REGISTRATION = "tests/integration/test_accounts_registration.py"
_RECOVERY = "tests/integration/test_accounts_recovery.py"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list (OWASP ASVS 5.0.0, level 2); `elsewhere` are tests that stand beside what they test."""

    number: int
    area: str
    tried: str
    elsewhere: tuple[str, ...] = ()


def _of(module: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{module}::test_{name}" for name in names)


ROWS = (
    Row(
        1,
        "JWT",
        "alg none, HS/RS, kid, jku, jwk, times, audience, issuer, kinds of token, bits",
        _of(_SESSIONS, "no_forged_token_is_good", "a_token_of_the_key_before_this_one_is_good"),
    ),
    Row(
        2,
        "sessions",
        "after sign-out, disabling, reuse, thirty days, a flushed Redis; on open sockets; old sign-ins for new keys",
        (
            "tests/integration/test_fresh_sign_in.py",
            *_of(
                _SESSIONS,
                "a_refresh_token_used_twice_ends_the_whole_session",
                "signing_out_ends_the_access_token_at_once",
                "a_change_of_the_account_counts_at_the_next_request",
                "a_session_ends_after_thirty_days_however_often_it_was_renewed",
            ),
            *_of(_LIVE, "signing_out_closes_the_sockets_of_the_session"),
            *_of(
                _RECOVERY,
                "who_forgot_the_password_chooses_another_and_every_session_ends",
                "a_reset_takes_back_every_key_and_tells_so",
                "a_reset_keeps_only_ways_in_that_bear_the_accounts_own_address",
                "a_reset_link_is_good_once_and_for_half_an_hour",
                "a_link_for_one_thing_is_good_for_no_other",
                "a_reset_link_sent_to_the_old_address_dies_with_it",
                "a_change_of_address_needs_the_password",
                "without_a_password_a_change_needs_a_sign_in_just_now",
            ),
        ),
    ),
    Row(
        3,
        "cookies, CSRF",
        "no twin, forms of other sites, reads that write, flags of cookies",
        _of(
            _SESSIONS,
            "another_site_cannot_sign_anybody_out",
            "over_https_the_cookie_belongs_to_this_host_alone",
            "a_refresh_gives_the_next_token_and_needs_the_csrf_twin",
        ),
    ),
    Row(
        4,
        "OAuth Google",
        "state, PKCE, nonce, code reuse, redirects, unverified and foreign addresses",
        (
            *_of(
                "tests/integration/test_google.py",
                "pkce_state_and_nonce_go_out_new_each_time",
                "the_verifier_is_sent_with_the_code",
                "the_cookie_is_read_by_no_script_and_goes_when_it_was_used",
                "an_address_that_has_an_account_opens_nothing",
                "an_address_the_provider_did_not_verify_opens_nothing",
                "an_account_nobody_confirmed_is_taken_over_without_its_password",
                "a_disabled_account_is_not_opened",
                "a_way_back_that_was_tampered_with_leads_to_the_sign_in",
                "a_way_back_is_good_once_and_in_one_browser",
                "a_token_for_another_sign_in_is_refused",
                "what_opens_another_account_cannot_be_linked",
                "a_link_begun_in_a_session_that_ended_is_not_made",
                "what_could_lead_elsewhere_becomes_the_start",
            ),
            *_of(
                "tests/integration/test_google_tokens.py",
                "a_token_with_a_wrong_claim_is_refused",
                "a_forged_token_is_refused",
                "an_answer_that_holds_no_token_is_refused",
            ),
        ),
    ),
    Row(
        5,
        "WebSocket",
        "foreign pages, tokens in the address, floods, giants, compression, others' topics",
        _of(
            _LIVE,
            "a_place_that_is_none_is_answered_by_a_reset",
            "private_topics_are_for_those_they_belong_to",
            "a_bad_token_makes_nobody_of_its_bearer",
            "one_person_has_a_few_sockets_and_is_told_so",
            "nothing_goes_into_the_address",
            "a_page_of_another_site_is_refused",
            "compression_is_not_taken",
            "a_message_that_is_too_large_or_no_text_ends_the_connection",
            "an_endless_message_in_pieces_ends_the_connection",
            "a_flood_of_messages_ends_the_connection",
            "topics_before_hello_are_refused",
        ),
    ),
    Row(
        6,
        "uploads",
        "empty, too large, archives, polyglots, bombs, names, links, viruses",
        (
            *_of(
                "tests/unit/test_photos.py",
                "a_text_called_jpg_is_refused_by_its_content",
                "a_refusal_names_what_the_file_is",
                "a_png_of_900_megapixels_is_refused_by_its_header",
                "a_png_note_that_swells_is_refused",
                "a_gif_that_explodes_on_its_second_frame_is_refused",
                "gps_is_read_and_gone",
            ),
            *_of(
                "tests/unit/test_photos_isolated.py", "the_helper_may_use_little_memory_and_knows_no_secret"
            ),
            *_of(
                "tests/unit/test_uploads_storage.py",
                "no_path_leaves_the_root",
                "one_byte_too_many_leaves_nothing",
            ),
        ),
    ),
    Row(
        7,
        "SSRF in feeds",
        "every spelling of a private place, rebinding, redirects, schemes, bombs, drips",
        ("tests/integration/test_fetch_guard.py", "tests/unit/test_feeds_addresses.py"),
    ),
    Row(
        8,
        "webhooks in",
        "no, old, foreign and moved signatures, replays, repeated and strange events",
        _of(
            "tests/integration/test_email_webhook.py",
            "a_body_that_is_not_signed_as_it_stands_is_refused",
            "a_body_that_is_no_list_is_refused",
            "the_same_event_twice_counts_once",
            "strange_events_harm_nobody",
            "a_thousand_events_are_taken_in_one_go",
        ),
    ),
    Row(
        9,
        "authorisation",
        "every route as nobody, as each role, by a key of each scope; others' ids; lost roles",
        ("tests/contracts/test_routes.py", "tests/integration/test_api_keys.py"),
    ),
    Row(
        10,
        "admin acts",
        "without a reason, without a trace, by the hundred thousand; changes of the audit log",
        _of(
            "tests/integration/test_jobs_admin.py",
            "acts_without_a_reason_are_refused",
            "a_bulk_retry_counts_first_and_is_capped_at_a_thousand",
        ),
    ),
    Row(
        11,
        "deserialisation",
        "pickle and YAML in Redis, unknown kinds, 64 KiB and one byte, deep JSON",
        (
            *_of("tests/integration/test_workers.py", "doubled_and_forged_messages_change_nothing"),
            *_of(
                "tests/integration/test_jobs_engine.py",
                "arguments_over_64_kib_are_refused_with_the_rule",
                "a_kind_of_a_newer_release_waits_aside_and_lets_others_pass",
            ),
        ),
    ),
    Row(12, "forged job", "a job id that is none, that ended, that waits, that another holds"),
    Row(
        13,
        "secrets",
        "canaries in arguments, headers, addresses, errors and settings",
        ("tests/security/test_secrets.py",),
    ),
    Row(
        14,
        "logs",
        "CRLF, ANSI, a megabyte; what a client is told of a bug",
        _of(_BASICS, "a_bug_tells_the_caller_nothing", "a_request_is_one_line_without_what_it_carried"),
    ),
    Row(
        15,
        "exposure",
        "Flower, metrics, Redis, Postgres, debug pages from outside",
        _of(_BASICS, "the_metrics_need_their_token"),
    ),
    Row(
        16,
        "HTTP edge",
        "smuggling, forged hops, giant headers and bodies, 200 slow clients, foreign hosts and origins",
        (
            *_of(_ABUSE, "only_the_nearest_hop_is_believed_about_the_client"),
            *_of(
                _BASICS,
                "a_body_that_is_too_large_is_refused_before_it_is_read",
                "the_browser_is_told_what_it_may_do",
            ),
        ),
    ),
    Row(
        17,
        "abuse",
        "guessing, floods of work, mail bombs",
        _of(
            _ABUSE,
            "an_account_is_guessed_at_only_so_often_from_wherever",
            "who_asks_too_often_is_told_when_to_come_back",
            "without_redis_each_process_counts_for_itself_and_says_so",
        )
        + _of(
            _REGISTRATION,
            "a_known_address_gets_the_same_answer_and_another_mail",
            "that_an_address_waits_is_told_only_to_who_knows_the_password",
            "nobody_is_bombed_with_mail_through_us",
            "who_registered_before_the_owner_of_the_address_gains_nothing",
        )
        + _of(
            _RECOVERY,
            "an_unknown_address_gets_the_same_answer_and_no_mail",
            "an_unknown_address_costs_the_same_work",
            "an_address_of_another_account_is_told_there_and_not_here",
        ),
    ),
    Row(
        18,
        "injection",
        "SQL, templates, lookups, paths, subjects of two lines, tables that a spreadsheet runs",
        (
            *_of(_ABUSE, "a_hostile_word_is_only_a_word"),
            *_of(
                "tests/contracts/test_email_templates.py",
                "what_a_resident_wrote_is_shown_and_never_run",
                "a_subject_of_two_lines_is_refused",
                "an_unknown_template_is_refused",
            ),
        ),
    ),
    Row(
        19,
        "race",
        "one token, one retry, one unique key, one report with its photos, many at once",
        (
            *_of(
                _ABUSE,
                "of_many_who_use_one_refresh_token_at_once_one_wins",
                "of_many_who_retry_one_ended_job_at_once_each_is_audited",
            ),
            *_of("tests/integration/test_api_reports.py", "ten_of_the_same_at_once_make_one_report"),
            *_of(
                "tests/integration/test_jobs_engine.py",
                "a_unique_key_admits_one_live_job_among_a_hundred_askers",
            ),
            *_of(
                _REGISTRATION,
                "a_link_is_good_once",
                "of_many_who_use_one_link_at_once_one_wins",
                "many_who_register_one_address_at_once_make_one_account",
            ),
        ),
    ),
    Row(20, "supply chain", "unpinned and unhashed packages, untested versions of the queue"),
)


def row_elsewhere(node_id: str) -> int | None:
    """Return the row that a test outside this folder's marks belongs to."""
    return next(
        (
            row.number
            for row in ROWS
            for place in row.elsewhere
            if node_id.split("[")[0] == place or node_id.split("::")[0] == place
        ),
        None,
    )


def places() -> Iterator[str]:
    """Yield what pytest is given to try the whole list."""
    yield "tests/security"
    seen = {"tests/security"}
    for place in (place for row in ROWS for place in row.elsewhere):
        if place not in seen and not place.startswith("tests/security/"):
            seen.add(place)
            yield place
