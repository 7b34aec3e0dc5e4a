//! Tests of dates: what is one, what is none, and what each becomes.

use super::*;

#[test]
fn dates_are_found_in_text() {
    let dates = |text: &str| -> Vec<String> {
        let found = all(text);
        let shown = found.iter().map(|found| {
            let range = found.range();
            format!("{}={}", &text[range], found.date)
        });
        shown.collect()
    };
    let check = |text: &str, expected: &[&str]| assert_eq!(dates(text), expected, "{text}");
    check("born 03/14/1962.", &["03/14/1962=1962-03-14"]);
    check(
        "seit 14.03.1962, 13/3/62",
        &["14.03.1962=1962-03-14", "13/3/62=1962-03-13"],
    );
    check(
        "14 Mar 1962–March 2nd, 1963",
        &["14 Mar 1962=1962-03-14", "March 2nd, 1963=1963-03-02"],
    );
    check(
        "Sept. 1 2024 or 1st sept 2024",
        &["Sept. 1 2024=2024-09-01", "1st sept 2024=2024-09-01"],
    );
    check(
        "from 2026-01-05 to 2026-02-02T00:00",
        &["2026-01-05=2026-01-05", "2026-02-02=2026-02-02"],
    );
    check("Wed, 14 Mar 1962 08:49:37 GMT", &["14 Mar 1962=1962-03-14"]);
    check("DTSTART:20260105T080000Z", &["20260105=2026-01-05"]);
    for none in [
        "",
        "2 of 14",
        "1.2.3.4",
        "v1.2.2024.5",
        "10/10",
        "page 1/2/3",
        "24/7",
        "12:30:45",
        "2026-13-01",
        "2026-02-31",
        "31.02.2026",
        "19620314",
        "may 2026",
        "March 14",
        "x2026-01-05",
        "2026-01-05x",
        "2026-01-05-01",
        "1-2026-01-05",
        "Marching 14, 1962",
        "123e4567-e89b-12d3-a456-426614174000",
        "2024-25",
        "14 Mar 62",
        "5.12.2024.1",
    ] {
        check(none, &[]);
    }
}

#[test]
fn a_whole_value_may_have_a_time_of_day() {
    for text in [
        "2026-02-28",
        "2026-02-28T08:30:00.125Z",
        "2026-02-28 08:30:00+10:00",
        "2026-02-28T08:30:00[Pacific/Honolulu]",
        "3/14/1962 9:05 PM",
        "20260228T0830Z",
        "Saturday, February 28, 2026 at 9:05 a.m.",
        "Wed, 14 Mar 1962 08:49:37 GMT",
        "Wed Mar 14 08:49:37 1962",
    ] {
        assert!(whole(text).is_some(), "{text}");
    }
    for text in [
        "2026-02-28 is late",
        "on 2026-02-28",
        "2026-02-31",
        "20260228",
        "Wed",
        "Wed, ",
        "",
        "2026-02-28T",
        "2026-02-28Tx",
    ] {
        assert!(whole(text).is_none(), "{text}");
    }
}

#[test]
fn every_date_moves_in_its_own_form() {
    assert_eq!(
        moved("from 2026-12-28T08:30:00Z to 3 January 2027", 7).as_deref(),
        Some("from 2027-01-04T08:30:00Z to 10 January 2027")
    );
    assert_eq!(
        moved("start=03/04/2026", -3).as_deref(),
        Some("start=03/01/2026")
    );
    let none = ["no date", "", "9999-12-31"].map(|text| moved(text, 1));
    assert_eq!(none, [None, None, None]);
    assert_eq!(in_text("2026-01-02 2026-01-03").count(), 2);
}
