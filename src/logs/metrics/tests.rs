use super::*;

const TEXT: &str = r#"# HELP http_request_duration_seconds Time.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/x",code="200",le="0.1"} 90 # {trace_id="a"} 0.05
http_request_duration_seconds_bucket{route="/x",code="200",le="0.5"} 99
http_request_duration_seconds_bucket{route="/x",code="200",le="+Inf"} 100
http_request_duration_seconds_sum{route="/x",code="200"} 12.5
http_request_duration_seconds_count{route="/x",code="200"} 100
http_request_duration_seconds_bucket{le="0.1",code="500",route="/x"} 0 1395066363000
http_request_duration_seconds_bucket{le="0.5",code="500",route="/x"} 1e1
http_request_duration_seconds_bucket{le="+Inf",code="500",route="/x"} 10.0
http_request_duration_seconds_bucket{route="/a \"b\"\\",le="2"} 5
http_request_duration_seconds_bucket{route="/a \"b\"\\",le="+Inf"} 5
http_request_size_bytes_bucket{route="/x",le="+Inf"} 5
process_start_time_seconds 1.7e9
python_info{version="3.11"} 1
# EOF
"#;

#[test]
fn buckets_become_durations_by_route() {
    let read = traffic(Path::new("metrics.txt"), TEXT).unwrap();
    assert_eq!(read.routes.keys().collect::<Vec<_>>(), [r#"/a "b"\"#, "/x"]);
    let requests = &read.routes["/x"];
    assert_eq!((requests.count, &requests.status), (110, &BTreeMap::from([(200, 100), (500, 10)])));
    let within = |share: f64, expected: f64| {
        let found = requests.service.percentile(share).unwrap() as f64;
        assert!((found / expected - 1.0).abs() < 0.01, "{share}: {found}");
    };
    // 90 of at most 0.1 s, 19 of at most 0.5 s, one above.
    within(0.5, 100_000.0);
    within(0.99, 500_000.0);
    within(1.0, 500_000.0);
    assert_eq!((read.all.count, read.all.service.count(), read.lines), (115, 115, 13));
    let milliseconds = TEXT.replace("_seconds", "_milliseconds");
    assert!(traffic(Path::new("m"), &milliseconds).unwrap().routes["/x"].service.percentile(0.5).unwrap() <= 100);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (from, to, line, expected) in [
        (r#"code="200",le="0.5"} 99"#, r#"code="200",le="0.5"} 89"#, 4, "89 is less than the 90"),
        (r#"le="0.5"} 99"#, r#"le="half"} 99"#, 4, "a number of seconds or +Inf is expected"),
        (r#"le="0.5"} 99"#, r#"le="0.5"} many"#, 4, "many stands where a number is expected"),
        (r#"le="0.5"} 99"#, r#"le="0.5"}"#, 4, "a number is expected at the end"),
        (r#"le="0.5"} 99"#, r#"le="0.5 99"#, 4, "the quote that ends the value of le"),
        (r#"le="0.5"} 99"#, r#"le=0.5} 99"#, 4, "a label as name=\"value\""),
        (r#"le="0.5"} 99"#, r#"le="0.1"} 99"#, 5, "stands here twice"),
        (r#"code="200",le="+Inf"}"#, r#"code="200",le="9"}"#, 5, "le=\"+Inf\" is expected"),
        ("process_start", "{process_start", 14, "the name of a metric"),
    ] {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT);
        let Err(Error::Written(fault)) = traffic(Path::new("m"), &text) else { panic!("{to} is wrong") };
        assert_eq!(fault.line, line, "{to}: {}", fault.message);
        assert!(fault.message.contains(expected), "{to}: {}", fault.message);
    }
}

#[test]
fn one_histogram_by_route_is_asked_for() {
    let reason = |text: &str| match traffic(Path::new("m"), text) {
        Err(Error::Path { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason("up 1\n").contains("no histogram of durations by route"));
    assert!(reason(&TEXT.replace("route=", "host=")).contains("no histogram of durations by route"));
    let two = format!("{TEXT}{}", TEXT.replace("http_request_duration", "db_query_duration"));
    assert!(reason(&two).contains("db_query_duration_seconds and http_request_duration_seconds"));
}
