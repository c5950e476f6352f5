//! Query strings: every parameter known by name, wrong ones refused with the remedy.

use axum::extract::Query;
use uns_model::Filter;

use crate::Refusal;

/// The longest value of one parameter.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// As much of a text that a client chose as goes into a log.
pub fn short(text: &str) -> &str {
    const CHARS_MAX: usize = 200;
    text.char_indices().nth(CHARS_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The pairs of a query string, in order; `+` and `%20` are spaces.
pub type Pairs = Query<Vec<(String, String)>>;

/// The decoded query string of one request.
#[derive(Clone, Debug)]
pub struct Params(Vec<(String, String)>);

/// How many items a list gives.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Unless it is said.
    pub default: usize,
    /// At most.
    pub max: usize,
}

/// Lists of the API.
pub const LIST: Limit = Limit { default: 100, max: 1_000 };

impl Params {
    /// Refuses a name that is not in `known`, and one given twice.
    ///
    /// # Errors
    /// It names the parameter and what is known.
    pub fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, Refusal> {
        for (index, (name, value)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let name: String = name.chars().take(60).collect();
                let detail =
                    format!("Parameter `{name}` is unknown here. Known: {}.", known.join(", "));
                return Err(Refusal::new(400, "parameter_unknown", detail));
            }
            if pairs.iter().skip(index + 1).any(|(other, _)| other == name) {
                return Err(Refusal::parameter(name, "give it once."));
            }
            if value.len() > VALUE_BYTES_MAX {
                return Err(Refusal::parameter(name, "its value is longer than 64 KiB."));
            }
        }
        Ok(Self(pairs))
    }

    /// A parameter that was given, even if empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that was given and says something.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A parameter without which the call has no meaning.
    ///
    /// # Errors
    /// It says what the parameter takes.
    pub fn required(&self, name: &str, example: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| {
            Refusal::parameter(name, format_args!("is required, as in `{example}`."))
        })
    }

    /// A page size.
    ///
    /// # Errors
    /// It says what the parameter takes.
    pub fn limit(&self, limit: Limit) -> Result<usize, Refusal> {
        let Some(text) = self.get("limit") else { return Ok(limit.default) };
        let wanted = text.parse().ok().filter(|wanted| (1..=limit.max).contains(wanted));
        wanted.ok_or_else(|| {
            let max = limit.max;
            let remedy =
                format!("must be a whole number from 1 to {max}; page through more with `after`.");
            Refusal::parameter("limit", remedy)
        })
    }

    /// A small whole number.
    ///
    /// # Errors
    /// It says what the parameter takes.
    pub fn number(&self, name: &str, default: u32, max: u32) -> Result<u32, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let wanted = text.parse().ok().filter(|wanted| (1..=max).contains(wanted));
        wanted.ok_or_else(|| {
            Refusal::parameter(name, format_args!("must be a whole number from 1 to {max}."))
        })
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// It says what the parameter takes.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::parameter(name, "must be `true` or `false`.")),
        }
    }

    /// An MQTT filter in the spelling of URLs; everything when left out.
    ///
    /// # Errors
    /// It says what the parameter takes.
    pub fn filter(&self) -> Result<Filter, Refusal> {
        let text = self.get("filter").unwrap_or("**");
        Filter::from_url(text).map_err(|error| {
            let remedy = format!(
                "{error}. In a URL `*` stands for `+` and `**` for `#`, as in \
                 `filter=uns/v1/acme/**`."
            );
            Refusal::parameter("filter", remedy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &[(&str, &str)]) -> Result<Params, Refusal> {
        let pairs = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Params::new(pairs, &["limit", "filter", "purge"])
    }

    #[test]
    fn what_is_wrong_is_named() {
        let unknown = params(&[("filtre", "x")]).unwrap_err();
        assert_eq!(unknown.reason, "parameter_unknown");
        assert!(unknown.detail.contains("`filtre`") && unknown.detail.contains("filter"));
        let twice = params(&[("limit", "1"), ("limit", "2")]).unwrap_err();
        assert!(twice.detail.starts_with("Parameter `limit`"), "{twice}");
        for limit in ["0", "1001", "-1", "many", ""] {
            let refusal = params(&[("limit", limit)]).unwrap().limit(LIST).unwrap_err();
            assert!(refusal.detail.contains("1 to 1000"), "{refusal}");
        }
        assert_eq!(params(&[]).unwrap().limit(LIST), Ok(100));
        assert_eq!(params(&[("limit", "1000")]).unwrap().limit(LIST), Ok(1_000));
        params(&[("purge", "yes")]).unwrap().flag("purge").unwrap_err();
    }

    #[test]
    fn what_goes_into_a_log_is_cut() {
        assert_eq!(short("/api/v1/ws"), "/api/v1/ws");
        assert_eq!(short(&"ü".repeat(10_000)), "ü".repeat(200));
    }

    #[test]
    fn filters_are_spelled_for_urls() {
        let filter = |text: &str| params(&[("filter", text)]).unwrap().filter();
        assert_eq!(filter("uns/v1/*/x/**").unwrap().as_str(), "uns/v1/+/x/#");
        assert_eq!(filter("**").unwrap().as_str(), "#");
        assert_eq!(params(&[]).unwrap().filter().unwrap().as_str(), "#");
        // `filter=#` arrives empty: the shell or the client takes `#` for a fragment.
        let refusal = filter("").unwrap_err();
        assert!(refusal.detail.contains("`**` for `#`"), "{refusal}");
    }
}
