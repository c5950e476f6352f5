//! What somebody sees who may read only a part.

use hub_kit::http::Credential;
use hub_kit::services::Boxed;
use hub_kit::{Caller, Refusal, Rights};
use uns_model::{Coverage, Filter};

use super::*;

/// Everybody is somebody who may read and publish what one filter matches.
#[derive(Debug)]
struct Only(Filter);

impl Rights for Only {
    fn may_publish(&self, topic: &str) -> bool {
        self.0.matches(topic)
    }

    fn may_read(&self, topic: &str) -> bool {
        self.0.matches(topic)
    }

    fn reads(&self, filter: &str) -> Coverage {
        // Good enough for filters that are a path and everything below it.
        let (own, other) = (self.0.literal_prefix(), filter.trim_end_matches("/#"));
        match own.starts_with(other) || other.starts_with(own) {
            true => Coverage::Part,
            false => Coverage::None,
        }
    }

    fn is_admin(&self) -> bool {
        false
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn version(&self) -> u64 {
        1
    }
}

struct As(&'static str);

impl LogIn for As {
    fn log_in(
        &self,
        _: Credential,
        _: Option<std::net::IpAddr>,
    ) -> Boxed<'_, Result<Caller, Refusal>> {
        let caller = self.anonymous();
        Box::pin(async move { Ok(caller) })
    }

    fn anonymous(&self) -> Caller {
        let filter = Filter::parse(self.0).unwrap();
        Caller { name: "press1".into(), rights: Arc::new(Only(filter)) }
    }

    fn is_possible(&self) -> bool {
        true
    }
}

async fn asked(fake: &Arc<Fake>, filter: &'static str, sent: (&str, &str, &str)) -> (u16, String) {
    let response = send_as(fake, Arc::new(As(filter)), sent).await;
    (response.status().as_u16(), text(response).await)
}

const ACME: &str = "uns/v1/acme/#";

#[tokio::test]
async fn reads_show_what_may_be_read() {
    let fake = Fake::plant();
    for (call, seen) in [
        ("current", "uns/v1/acme/line3/speed"),
        ("tree", "\"path\":\"uns\""),
        ("search?q=temp", "uns/v1/acme/line3/temperature"),
        ("search?q=line", "uns/v1/acme/line3/speed"),
    ] {
        let (status, body) = asked(&fake, ACME, ("GET", call, "")).await;
        assert_eq!(status, 200, "{call}");
        assert!(body.contains(seen), "{call}: {body}");
        assert!(!body.contains("Enterprise"), "{call}: {body}");
        let (_, body) = asked(&fake, "other/#", ("GET", call, "")).await;
        assert!(!body.contains("uns") && !body.contains("Enterprise"), "{call}: {body}");
    }
    let own = "history?topic=acme/line3/speed";
    assert_eq!(asked(&fake, ACME, ("GET", own, "")).await.0, 200);
    for foreign in ["Enterprise/Site/line%201/temp", "nothing/lives/here"] {
        let foreign = format!("history?topic={foreign}");
        let (status, body) = asked(&fake, ACME, ("GET", &foreign, "")).await;
        assert_eq!((status, body.contains("not_allowed")), (403, true), "{body}");
    }
}

#[tokio::test]
async fn publishes_go_where_they_may_and_only_admins_delete() {
    let fake = Fake::plant();
    let items = r#"[{"topic":"uns/v1/acme/a","payload":1},{"topic":"uns/v1/b","payload":2}]"#;
    let (status, body) = asked(&fake, ACME, ("POST", "publish", items)).await;
    assert_eq!((status, body.matches("not_authorized").count()), (207, 1), "{body}");
    assert!(!body.contains("sequence"), "whoever may read nothing learns no position: {body}");
    let published = std::mem::take(&mut *fake.published.lock().unwrap());
    assert_eq!((published.len(), &**fake.publisher.lock().unwrap()), (1, "http:press1"));
    let (status, body) = asked(&fake, ACME, ("GET", "violations", "")).await;
    assert!(status == 403 && !body.contains("press8"), "{status} {body}");
    let (status, body) = asked(&fake, ACME, ("DELETE", "nodes?path=acme", "")).await;
    assert!(status == 403 && body.contains("role admin"), "{status} {body}");
}
