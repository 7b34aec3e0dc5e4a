//! What filters leave out, and when that is known.

use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn of_paths(paths: &[&str]) -> Filter {
    Filter {
        paths: Some(paths.iter().map(|text| pattern(text)).collect()),
        ..Filter::default()
    }
}

fn ended(status: u16, body: u64) -> Ended {
    Ended { status, body }
}

#[test]
fn patterns_stand_for_segments() {
    let check = |text: &str, fitting: &[&str], others: &[&str]| {
        let pattern = pattern(text);
        for path in fitting {
            assert!(pattern.fits(path.as_bytes()), "{text} {path}");
        }
        for path in others {
            assert!(!pattern.fits(path.as_bytes()), "{text} {path}");
        }
    };
    check("/", &["/"], &["", "*", "/a", "//"]);
    check(
        "/a/b",
        &["/a/b"],
        &["/a", "/a/b/", "/a/b/c", "/a/B", "/a/*"],
    );
    check(
        "/a/*/c",
        &["/a/b/c", "/a//c", "/a/*/c"],
        &["/a/c", "/a/b/b/c"],
    );
    check("/a/*", &["/a/", "/a/b"], &["/a", "/a/b/c", "/b/b"]);
    check("/a/**", &["/a", "/a/", "/a/b", "/a/b/c"], &["/ab", "/b/a"]);
    check("/*/b/**", &["/a/b", "/a/b/c/d"], &["/a", "/b/a/b"]);
    check("/**", &["/", "/a", "//"], &["", "*"]);
}

#[test]
fn patterns_that_say_nothing_are_refused() {
    for text in [
        "", "a/b", "*", "/a*", "/**/b", "/a**", "/a/***", "/a?b", "/a#b",
    ] {
        let error = Pattern::parse(text).unwrap_err();
        assert!(
            error.starts_with(&format!("`{text}` is no pattern")),
            "{error}"
        );
    }
}

#[test]
fn a_filter_fits_when_all_that_it_names_does() {
    let filter = Filter {
        methods: Some(vec![Method::of(b"GET"), Method::of(b"HEAD")]),
        statuses: Some(vec![200..=299, 404..=404]),
        body_over: Some(10),
        ..of_paths(&["/a/**", "/b"])
    };
    let filters = Filters {
        only: vec![filter],
        except: Vec::new(),
    };
    let wants = |method: &str, path: &str, status, body| {
        filters.want(method.as_bytes(), path.as_bytes(), ended(status, body))
    };
    assert!(wants("GET", "/a/x", 204, 11) && wants("HEAD", "/b", 404, 11));
    assert!(!wants("POST", "/a/x", 204, 11) && !wants("get", "/a/x", 204, 11));
    assert!(!wants("GET", "/c", 204, 11));
    assert!(!wants("GET", "/a", 500, 11) && !wants("GET", "/a", 0, 11));
    assert!(!wants("GET", "/a", 204, 10));
}

#[test]
fn any_of_the_first_and_none_of_the_second() {
    let filters = Filters {
        only: vec![of_paths(&["/a/**"]), of_paths(&["/b/**"])],
        except: vec![of_paths(&["/a/x"]), of_paths(&["/b/x"])],
    };
    let wants = |path: &str| filters.may_want(b"GET", path.as_bytes());
    assert!(wants("/a/y") && wants("/b/y"));
    assert!(!wants("/a/x") && !wants("/b/x") && !wants("/c"));
    let none = Filters::default();
    assert!(none.may_want(b"BREW", b"*") && none.want(b"BREW", b"*", ended(0, u64::MAX)));
}

#[test]
fn an_answer_that_may_come_does_not_leave_a_request_out() {
    let late = Filter {
        statuses: Some(vec![500..=599]),
        ..of_paths(&["/a"])
    };
    let filters = Filters {
        only: Vec::new(),
        except: vec![late],
    };
    assert!(filters.may_want(b"GET", b"/a"));
    assert!(!filters.want(b"GET", b"/a", ended(502, 0)));
    assert!(filters.want(b"GET", b"/a", ended(200, 0)));
}

#[test]
fn a_share_is_drawn() {
    let drawn = |share| {
        let selection = Selection {
            share,
            ..Selection::default()
        };
        let left_out = (0..10_000).filter(|_| {
            let out = selection.at_start(b"GET", b"/");
            assert_ne!(out, Some(Choice::Filter));
            out.is_some()
        });
        10_000 - left_out.count()
    };
    assert_eq!((drawn(None), drawn(Some(1.0))), (10_000, 10_000));
    // Thirty standard deviations to either side.
    let quarter = drawn(Some(0.25));
    assert!((1_200..=3_800).contains(&quarter), "{quarter}");
}

proptest! {
    /// What is wanted in the end was never left out at the start.
    #[test]
    fn nothing_wanted_is_left_out_early(
        only in proptest::collection::vec(filter(), 0..3),
        except in proptest::collection::vec(filter(), 0..3),
        method in prop::sample::select(vec!["GET", "POST", "BREW"]),
        path in prop::sample::select(vec!["/", "/a", "/a/b", "/b"]),
        status in prop::sample::select(vec![0_u16, 200, 404]),
        body in 0..3_u64,
    ) {
        let filters = Filters { only, except };
        let (method, path) = (method.as_bytes(), path.as_bytes());
        let wanted = filters.want(method, path, ended(status, body));
        prop_assert!(!wanted || filters.may_want(method, path));
        // And what no answer could make wanted is left out early, unless it may depend on one.
        let answers = [0, 200, 404].into_iter().flat_map(|status| [0, 9].map(|body| ended(status, body)));
        let ever = answers.into_iter().any(|answer| filters.want(method, path, answer));
        let early = filters.except.iter().all(Filter::asks_the_request_alone)
            && filters.only.iter().all(Filter::asks_the_request_alone);
        prop_assert!(!early || ever == filters.may_want(method, path));
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    let methods = prop::option::of(prop::sample::subsequence(vec!["GET", "POST"], 1..=2));
    let paths = prop::option::of(prop::sample::subsequence(vec!["/", "/a/**", "/*"], 1..=2));
    let statuses = prop::option::of(prop::sample::subsequence(vec![0..=0, 200..=299], 1..=2));
    let body = prop::option::of(0..3_u64);
    (methods, paths, statuses, body).prop_map(|(methods, paths, statuses, body_over)| Filter {
        methods: methods.map(|names| names.iter().map(|n| Method::of(n.as_bytes())).collect()),
        paths: paths.map(|texts| texts.iter().map(|text| pattern(text)).collect()),
        statuses,
        body_over,
    })
}
