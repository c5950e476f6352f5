//! Request bodies in gzip or zstd: inflated up to the largest body there may be, and no further.

use std::io::{self, Read};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::Refusal;
use crate::http::room::{OVERLOADED, Reserved};

/// The largest window of zstd, as RFC 9659 asks of HTTP: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// How a body is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Gzip,
    Zstd,
}

/// The middleware; the state is the largest body, inflated.
pub(crate) async fn inflate(
    State(bytes_max): State<usize>,
    request: Request,
    next: Next,
) -> Response {
    let coding = match coding(request.headers()) {
        Ok(None) => return next.run(request).await,
        Ok(Some(coding)) => coding,
        Err(refusal) => {
            let mut response = refusal.into_response();
            let takes = HeaderValue::from_static("gzip, zstd");
            response.headers_mut().insert(ACCEPT_ENCODING, takes);
            return response;
        }
    };
    let (mut parts, body) = request.into_parts();
    let reserved = parts.extensions.get::<Reserved>().cloned();
    let packed = match Limited::new(body, bytes_max).collect().await {
        Ok(packed) => packed.to_bytes(),
        // For lack of room, which the limits say by themselves, or because the client is gone.
        Err(error) if error.downcast_ref::<LengthLimitError>().is_none() => {
            let detail = "The request body did not come to its end.";
            return Refusal::new(400, "body_malformed", detail).into_response();
        }
        Err(_) => return too_large().into_response(),
    };
    // A core of the machine for some milliseconds, which other requests should not wait for.
    let work = tokio::task::spawn_blocking(move || {
        unpack(&packed, coding, (bytes_max, reserved.as_ref()))
    });
    match work.await.expect("inflating does not panic") {
        Ok(body) => {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Refusal> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let (Some(first), second) = (codings.next(), codings.next()) else { return Ok(None) };
    let name = first.to_str().unwrap_or("").trim().to_ascii_lowercase();
    match name.as_str() {
        "gzip" | "x-gzip" if second.is_none() => Ok(Some(Coding::Gzip)),
        "zstd" if second.is_none() => Ok(Some(Coding::Zstd)),
        "identity" | "" if second.is_none() => Ok(None),
        _ => {
            let detail = "A request body may be packed with gzip or with zstd, and only once.";
            Err(Refusal::new(415, "content_encoding", detail))
        }
    }
}

/// How much may come out, and the room it takes.
type Bound<'a> = (usize, Option<&'a Reserved>);

fn unpack(packed: &[u8], coding: Coding, bound: Bound<'_>) -> Result<Vec<u8>, Refusal> {
    let result = match coding {
        Coding::Gzip => read_up_to(flate2::read::MultiGzDecoder::new(packed), bound),
        Coding::Zstd => zstd::stream::read::Decoder::with_buffer(packed).and_then(|mut decoder| {
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            read_up_to(decoder, bound)
        }),
    };
    match result {
        Ok(Some(body)) if body.len() > bound.0 => Err(too_large()),
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(Refusal::new(503, "overloaded", OVERLOADED)),
        Err(error) => {
            let detail = format!("The body is not what its Content-Encoding says: {error}.");
            Err(Refusal::new(400, "body_malformed", detail))
        }
    }
}

/// One byte more than there may be, if there is one; nothing if there is no room for it.
fn read_up_to(from: impl Read, (bytes_max, reserved): Bound<'_>) -> io::Result<Option<Vec<u8>>> {
    const PIECE: u64 = 64 << 10;
    let mut from = from.take(bytes_max as u64 + 1);
    let mut body = Vec::new();
    loop {
        let read = (&mut from).take(PIECE).read_to_end(&mut body)?;
        if read == 0 {
            return Ok(Some(body));
        }
        if reserved.is_some_and(|reserved| !reserved.take(read)) {
            return Ok(None);
        }
    }
}

fn too_large() -> Refusal {
    let detail =
        "The request body is, unpacked, larger than `http.body_bytes_max`. Send it in parts.";
    Refusal::new(413, "body_too_large", detail)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(body).unwrap();
        packed.finish().unwrap()
    }

    fn reason(packed: &[u8], coding: Coding) -> &'static str {
        unpack(packed, coding, (1000, None)).unwrap_err().reason
    }

    #[test]
    fn what_was_packed_comes_out() {
        let body = b"[1,2,3]".repeat(100);
        assert_eq!(unpack(&gzip(&body), Coding::Gzip, (1000, None)).unwrap(), body);
        let packed = zstd::encode_all(&body[..], 3).unwrap();
        assert_eq!(unpack(&packed, Coding::Zstd, (1000, None)).unwrap(), body);
        assert_eq!(unpack(&gzip(&[b'x'; 1000]), Coding::Gzip, (1000, None)).unwrap().len(), 1000);
    }

    #[test]
    fn bombs_wide_windows_and_broken_bodies_are_refused() {
        let bomb = vec![0; 5_000_000];
        assert_eq!(reason(&gzip(&bomb), Coding::Gzip), "body_too_large");
        assert_eq!(
            reason(&zstd::encode_all(&bomb[..], 3).unwrap(), Coding::Zstd),
            "body_too_large"
        );
        let mut wide = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        wide.window_log(27).unwrap();
        wide.write_all(b"x").unwrap();
        assert_eq!(reason(&wide.finish().unwrap(), Coding::Zstd), "body_malformed");
        assert_eq!(reason(b"no gzip", Coding::Gzip), "body_malformed");
        assert_eq!(reason(&gzip(b"cut off")[..20], Coding::Gzip), "body_malformed");
    }

    #[test]
    fn only_what_is_known_is_unpacked() {
        let of = |name: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            coding(&headers).map_err(|refusal| refusal.reason)
        };
        assert_eq!(of("GZIP"), Ok(Some(Coding::Gzip)));
        assert_eq!(of("zstd"), Ok(Some(Coding::Zstd)));
        assert_eq!(of("identity"), Ok(None));
        assert_eq!(of("br"), Err("content_encoding"));
        assert_eq!(of("gzip, zstd"), Err("content_encoding"));
        assert_eq!(coding(&HeaderMap::new()), Ok(None));
    }
}
