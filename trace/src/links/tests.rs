//! Answers and requests of sessions, and the links between them.

use super::*;

/// A session's exchange: what is at which place of the request, and of the answer. A plus is
/// before what the answer's shape does not show.
struct Made<'a> {
    at_ns: u64,
    template: &'a str,
    used: &'a [(&'a str, &'a str, Strength)],
    given: &'a [(&'a str, &'a str, Strength)],
}

const STRONG: Strength = Strength::Strong;
const WEAK: Strength = Strength::Weak;

/// Finds links in exchanges that follow one another, a microsecond apart where they do not say.
struct Finder {
    links: Links,
    spots: Spots,
    seq: u64,
    /// What was told of the last answer.
    told: Vec<String>,
}

impl Finder {
    fn new() -> Self {
        Self {
            links: Links::new(),
            spots: Spots::new(),
            seq: 0,
            told: Vec::new(),
        }
    }

    fn see(&mut self, session: u32, made: &Made<'_>) -> Vec<String> {
        self.seq += 1;
        let used = self.spot(made.used, Spots::take_used);
        let given = self.spot(made.given, Spots::take_given);
        let mut seen = Seen {
            session,
            seq: self.seq,
            at_ns: self.seq * 1000 + made.at_ns,
            end_ns: self.seq * 1000 + made.at_ns + 500,
            owner: Owner::of_template(made.template),
            used,
            given,
        };
        self.links.leave_news(&mut seen);
        let told = seen.given.iter().flat_map(|given| given.told());
        self.told = told.map(|(place, _)| place.to_owned()).collect();
        let links = self.links.of(&seen);
        let links = links.into_iter();
        links
            .map(|link| format!("{}:{} {}", link.from, link.source, link.into))
            .collect()
    }

    fn spot(
        &mut self,
        values: &[(&str, &str, Strength)],
        take: fn(&mut Spots) -> Option<Arc<Spotted>>,
    ) -> Vec<Arc<Spotted>> {
        for (place, value, strength) in values {
            let name = place.rsplit('/').find(|name| name.parse::<u32>().is_err());
            let entity = Entity::of_field(name.unwrap_or_default());
            let (place, token) = match place.strip_prefix('+') {
                Some(place) => (place, "token"),
                None => (*place, ""),
            };
            self.spots.push(value, entity, *strength, place, token);
        }
        take(&mut self.spots).into_iter().collect()
    }
}

const NOTHING: Made<'_> = Made {
    at_ns: 0,
    template: "/people/{id}",
    used: &[],
    given: &[],
};

#[test]
fn the_latest_answer_that_gave_the_value_is_its_source() {
    let mut finder = Finder::new();
    let listed = Made {
        template: "/people",
        given: &[
            ("body#/items/3/id", "u-1", STRONG),
            ("body#/items/4/id", "u-2", STRONG),
        ],
        ..NOTHING
    };
    assert!(finder.see(1, &listed).is_empty());
    finder.see(1, &listed);
    let used = Made {
        used: &[
            ("path/3", "u-2", STRONG),
            ("query/other", "u-1", STRONG),
            ("body#/x", "u-9", STRONG),
        ],
        ..NOTHING
    };
    let links = [
        "2:body#/items/4/id path/3",
        "2:body#/items/3/id query/other",
    ];
    assert_eq!(finder.see(1, &used), links);
    assert!(finder.see(2, &used).is_empty(), "another session");
}

#[test]
fn an_answer_does_not_give_what_its_request_brought() {
    let mut finder = Finder::new();
    finder.see(
        1,
        &Made {
            given: &[("body#/items/0/id", "u-1", STRONG)],
            ..NOTHING
        },
    );
    let echo = Made {
        used: &[("path/1", "u-1", STRONG)],
        given: &[("body#/id", "u-1", STRONG), ("header/etag", "e-1", STRONG)],
        ..NOTHING
    };
    assert_eq!(finder.see(1, &echo), ["1:body#/items/0/id path/1"]);
    let change = Made {
        used: &[
            ("path/1", "u-1", STRONG),
            ("header/if-match", "e-1", STRONG),
        ],
        ..NOTHING
    };
    let links = ["1:body#/items/0/id path/1", "2:header/etag header/if-match"];
    assert_eq!(finder.see(1, &change), links);
}

#[test]
fn an_answer_that_came_later_than_the_request_gave_it_nothing() {
    let mut finder = Finder::new();
    let slow = Made {
        at_ns: 10_000,
        given: &[("body#/id", "u-1", STRONG)],
        ..NOTHING
    };
    finder.see(1, &slow);
    let used = Made {
        used: &[("path/1", "u-1", STRONG)],
        ..NOTHING
    };
    assert!(finder.see(1, &used).is_empty());
    assert_eq!(
        finder
            .see(
                1,
                &Made {
                    at_ns: 20_000,
                    ..used
                }
            )
            .len(),
        1
    );
}

#[test]
fn a_small_number_is_linked_to_the_same_kind_of_thing_only() {
    let mut finder = Finder::new();
    let swaps = Made {
        template: "/api/swaps",
        given: &[("body#/items/0/id", "17", WEAK)],
        ..NOTHING
    };
    finder.see(1, &swaps);
    let people = Made {
        template: "/api/people",
        given: &[("body#/items/5/id", "17", WEAK)],
        ..NOTHING
    };
    finder.see(1, &people);
    let used = Made {
        used: &[
            ("body#/swap_id", "17", WEAK),
            ("query/person_id", "17", WEAK),
            ("query/run_id", "17", WEAK),
        ],
        ..NOTHING
    };
    let links = [
        "1:body#/items/0/id body#/swap_id",
        "2:body#/items/5/id query/person_id",
    ];
    assert_eq!(finder.see(1, &used), links);
}

#[test]
fn a_small_number_in_a_list_of_its_own_is_linked_to_what_the_list_is_of() {
    let mut finder = Finder::new();
    let list = Made {
        template: "/lists/{id}",
        given: &[
            ("body#/id", "17", WEAK),
            ("body#/items/0/id", "23", WEAK),
            ("body#/items/0/author/id", "42", WEAK),
        ],
        ..NOTHING
    };
    finder.see(1, &list);
    let used = Made {
        used: &[
            ("query/list_id", "17", WEAK),
            ("query/item_id", "23", WEAK),
            ("query/author_id", "42", WEAK),
            ("query/run_id", "23", WEAK),
        ],
        ..NOTHING
    };
    let links = [
        "1:body#/id query/list_id",
        "1:body#/items/0/id query/item_id",
        "1:body#/items/0/author/id query/author_id",
    ];
    assert_eq!(finder.see(1, &used), links);
}

#[test]
fn of_one_answer_the_place_of_the_same_name_is_taken() {
    let mut finder = Finder::new();
    let given = [
        ("body#/a_id", "u-1", STRONG),
        ("body#/b_id", "u-1", STRONG),
        ("body#/again/b_id", "u-1", STRONG),
    ];
    finder.see(
        1,
        &Made {
            given: &given,
            ..NOTHING
        },
    );
    let used = [("query/b_id", "u-1", STRONG), ("query/c_id", "u-1", STRONG)];
    let links = ["1:body#/b_id query/b_id", "1:body#/a_id query/c_id"];
    assert_eq!(
        finder.see(
            1,
            &Made {
                used: &used,
                ..NOTHING
            }
        ),
        links
    );
}

/// Their items are others tomorrow.
#[test]
fn places_outside_of_lists_are_better() {
    let mut finder = Finder::new();
    let given = [
        ("body#/absences/0/person_id", "u-1", STRONG),
        ("body#/person_id", "u-1", STRONG),
        ("body#/absences/0/owner_id", "u-2", STRONG),
        ("body#/user/id", "u-2", STRONG),
    ];
    let template = "/me/dashboard";
    let made = Made {
        given: &given,
        template,
        ..NOTHING
    };
    finder.see(1, &made);
    let used = [
        ("query/person_id", "u-1", STRONG),
        ("query/owner_id", "u-2", STRONG),
    ];
    let made = Made {
        used: &used,
        ..NOTHING
    };
    let links = [
        "1:body#/person_id query/person_id",
        "1:body#/user/id query/owner_id",
    ];
    assert_eq!(finder.see(1, &made), links);
}

#[test]
fn an_older_answer_is_better_that_has_the_value_outside_of_lists() {
    let mut finder = Finder::new();
    let mut give = |places: &[(&str, &str, Strength)]| {
        let made = Made {
            given: places,
            ..NOTHING
        };
        finder.see(1, &made)
    };
    give(&[("body#/items/3/id", "u-1", STRONG)]);
    give(&[("body#/user/id", "u-1", STRONG)]);
    give(&[
        ("body#/items/4/id", "u-1", STRONG),
        ("body#/items/5/id", "u-2", STRONG),
    ]);
    give(&[("body#/items/0/id", "u-2", STRONG)]);
    let used = [("path/3", "u-1", STRONG), ("path/5", "u-2", STRONG)];
    let made = Made {
        used: &used,
        ..NOTHING
    };
    let links = ["2:body#/user/id path/3", "4:body#/items/0/id path/5"];
    assert_eq!(finder.see(1, &made), links);
}

#[test]
fn what_a_session_knows_is_not_told_again() {
    let mut finder = Finder::new();
    let list = |places: [&'static str; 3]| {
        let [a, b, c] = places;
        [(a, "u-1", STRONG), (b, "u-2", STRONG), (c, "17", WEAK)]
    };
    let long = list([
        "+body#/items/3/id",
        "+body#/items/2/id",
        "+body#/items/1/id",
    ]);
    let listed = Made {
        template: "/people",
        given: &long,
        ..NOTHING
    };
    finder.see(1, &listed);
    let all = ["body#/items/3/id", "body#/items/2/id", "body#/items/1/id"];
    assert_eq!(finder.told, all);
    finder.see(1, &listed);
    assert!(finder.told.is_empty(), "{:?}", finder.told);
    finder.see(2, &listed);
    assert_eq!(finder.told, all, "another session");
    let others = Made {
        template: "/swaps",
        ..listed
    };
    finder.see(1, &others);
    assert_eq!(finder.told, ["body#/items/1/id"], "17 of another kind");
    // What is shown anyway is the later source.
    let shown = list(["body#/items/0/id", "+body#/items/2/id", "+body#/items/1/id"]);
    finder.see(
        1,
        &Made {
            given: &shown,
            ..listed
        },
    );
    let used = [
        ("path/1", "u-1", STRONG),
        ("path/2", "u-2", STRONG),
        ("query/person_id", "17", WEAK),
    ];
    let links = [
        "5:body#/items/0/id path/1",
        "1:body#/items/2/id path/2",
        "1:body#/items/1/id query/person_id",
    ];
    let used = Made {
        used: &used,
        ..NOTHING
    };
    assert_eq!(finder.see(1, &used), links);
}

#[test]
fn what_a_session_forgot_is_told_again() {
    let mut finder = Finder::new();
    let list = [("+body#/items/1/id", "u-1", STRONG)];
    let listed = Made {
        given: &list,
        ..NOTHING
    };
    finder.see(1, &listed);
    for number in 0..MOST_ANSWERS {
        let value = number.to_string();
        let given = [("body#/id", value.as_str(), STRONG)];
        finder.see(
            1,
            &Made {
                given: &given,
                ..NOTHING
            },
        );
    }
    finder.see(1, &listed);
    assert_eq!(finder.told, ["body#/items/1/id"]);
    let session = finder.links.sessions.peek(&1).unwrap();
    assert_eq!(session.known.len(), MOST_ANSWERS);
}

#[test]
fn what_is_used_stays_known() {
    let mut finder = Finder::new();
    let given = [("cookie/csrf_token", "t-1", STRONG)];
    finder.see(
        1,
        &Made {
            given: &given,
            ..NOTHING
        },
    );
    let used = [("header/x-csrf-token", "t-1", STRONG)];
    for number in 0..4 * MOST_ANSWERS {
        let value = number.to_string();
        let given = [("body#/id", value.as_str(), STRONG)];
        let brings = number % (MOST_ANSWERS / 2) == 0;
        let links = finder.see(
            1,
            &Made {
                used: if brings { &used } else { &[] },
                given: &given,
                ..NOTHING
            },
        );
        assert_eq!(links.len(), usize::from(brings), "{number}");
    }
    let session = finder.links.sessions.peek(&1).unwrap();
    assert_eq!(session.answers.len(), MOST_ANSWERS);
}

#[test]
fn what_the_request_brought_is_not_known_by_its_answer() {
    let mut finder = Finder::new();
    let list = [("+body#/items/1/person_id", "u-1", STRONG)];
    let echo = Made {
        used: &[("query/person_id", "u-1", STRONG)],
        given: &list,
        ..NOTHING
    };
    finder.see(1, &echo);
    finder.see(1, &Made { used: &[], ..echo });
    assert_eq!(finder.told, ["body#/items/1/person_id"]);
    let used = Made {
        used: &[("path/1", "u-1", STRONG)],
        ..NOTHING
    };
    assert_eq!(finder.see(1, &used), ["2:body#/items/1/person_id path/1"]);
}

#[test]
fn what_is_known_is_bounded() {
    let mut finder = Finder::new();
    let place = "p".repeat(2000);
    for session in 0..40_000 {
        let value = session.to_string();
        finder.see(
            session,
            &Made {
                given: &[(&place, &value, STRONG)],
                ..NOTHING
            },
        );
    }
    let known = (0..40_000).filter(|session| finder.links.sessions.peek(session).is_some());
    let known = known.count();
    assert!((4_000..=MOST_WEIGHT / 2000).contains(&known), "{known}");
    for answer in 0..1000 {
        let value = answer.to_string();
        finder.see(
            7,
            &Made {
                given: &[(&place, &value, STRONG)],
                ..NOTHING
            },
        );
    }
    let session = finder.links.sessions.peek(&7).unwrap();
    assert_eq!(session.answers.len(), MOST_ANSWERS);
    let weights = session.answers.iter().map(|answer| answer.weight);
    assert_eq!(session.weight, weights.sum::<usize>());
}
