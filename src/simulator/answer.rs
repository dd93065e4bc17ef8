//! Requests and answers: who may ask, which list is meant, what the partner then sends. Pure.

use super::accounts::Account;
use super::flaws::Book;
use super::query::{Paging, Query};
use super::render::{self, Json, array, quoted};
use super::world::World;
use crate::domain::Class;

/// The largest page of the account list.
const ACCOUNTS_PER_PAGE_MAX: u64 = 100;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// The path below the base, such as `/accounts`.
    pub path: String,
    /// The query as it stands in the URL, without the `?`.
    pub query: Option<String>,
    /// `X-Auth-ID`.
    pub auth_id: Option<String>,
    /// `X-Auth-Token`.
    pub auth_token: Option<String>,
}

/// What the partner sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// The headers that matter, by lower-case name.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(super) fn json(status: u16, body: String) -> Self {
        Self { status, body: body.into_bytes(), headers: vec![("content-type", "application/json".to_owned())] }
    }

    /// A refusal in the partner's shape.
    pub(super) fn refusal(status: u16, message: &str) -> Self {
        let body = Json::object().text("error", "HTTPError").text("message", message);
        Self::json(status, body.count("status_code", usize::from(status)).done())
    }
}

impl World {
    /// What the partner sends for a request: the same bytes for the same request, always.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Answer {
        if let Some(refusal) = self.refuses(request) {
            return refusal;
        }
        let query = Query::parse(request.query.as_deref());
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let parts: Vec<&str> = path.split('/').collect();
        let answer = match parts.as_slice() {
            ["me"] => Ok(Answer::json(200, self.render_me())),
            ["dashboard"] => Ok(Answer::json(200, self.render_dashboard())),
            ["accounts"] => self.accounts_page(&query),
            ["transactions"] => self.ledger_page(Book::Master, &query),
            ["accounts", id] => self.of(id, |_at, account| Ok(Answer::json(200, self.render_account(account, false)))),
            ["accounts", id, "balance"] => self.of(id, |_at, account| Ok(Answer::json(200, render::balance(account)))),
            ["accounts", id, "transactions"] => {
                self.of(id, |at, _account| self.ledger_page(Book::Customer(at), &query))
            }
            _ => Err(Answer::refusal(404, "No such path")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    /// The refusal of a request that carries the wrong credentials or wants to change something.
    fn refuses(&self, request: &Request) -> Option<Answer> {
        let id = request.auth_id.as_deref().unwrap_or_default();
        let right = id == self.partner.auth_id && request.auth_token.as_ref() == Some(&self.partner.token);
        if id.starts_with("MA_") {
            return Some(Answer::refusal(403, "Customer credentials do not open partner paths"));
        }
        if !right {
            return Some(Answer::refusal(401, "Invalid credentials"));
        }
        if request.method != "GET" {
            let mut answer = Answer::refusal(405, "Only GET is served here");
            answer.headers.push(("allow", "GET".to_owned()));
            return Some(answer);
        }
        None
    }

    /// The page that is served for the one asked for: some servers give fewer rows, and say so.
    fn served(&self, asked: Paging) -> Paging {
        let per_page = self.plan.rows_per_page.map_or(asked.per_page, |rows| rows.min(asked.per_page));
        Paging { per_page, ..asked }
    }

    fn of(&self, id: &str, answer: impl Fn(usize, &Account) -> Result<Answer, Answer>) -> Result<Answer, Answer> {
        let at = self.index.get(id).copied().ok_or_else(|| Answer::refusal(404, "No such customer"))?;
        answer(at, &self.accounts[at])
    }

    fn accounts_page(&self, query: &Query) -> Result<Answer, Answer> {
        let Paging { page, per_page } = self.served(query.paging(ACCOUNTS_PER_PAGE_MAX)?);
        let search = query.text("search").map(str::to_lowercase);
        let fits = |account: &&Account| {
            let texts = [&account.name, &account.email, &account.auth_id];
            search.as_ref().is_none_or(|wanted| texts.iter().any(|text| text.to_lowercase().contains(wanted)))
        };
        let found: Vec<&Account> = self.accounts.iter().filter(fits).collect();
        let skipped = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
        let taken = usize::try_from(per_page).unwrap_or(usize::MAX);
        let rows = found.iter().skip(skipped).take(taken).map(|account| self.render_account(account, true));
        let body = Json::object()
            .raw("accounts", &array(rows))
            .count("total", found.len())
            .raw("page", &page.to_string())
            .raw("size", &per_page.to_string());
        Ok(Answer::json(200, body.done()))
    }

    fn ledger_page(&self, book: Book, query: &Query) -> Result<Answer, Answer> {
        if let Some(status) = self.damage.refused.get(&book) {
            return Err(Answer::refusal(*status, "This ledger is not available"));
        }
        let Paging { page, per_page } = self.served(query.paging(self.plan.per_page_max)?);
        let view = self.view(&query.filter(book)?);
        let rows = view.page(self.rows(book), page, per_page).into_iter().map(render::row);
        let pages = u64::try_from(view.total).unwrap_or(u64::MAX).div_ceil(per_page);
        let shifting = self.damage.lies.get(&book) == Some(&Class::UnstableWalk);
        let shift = if shifting { usize::try_from(page - 1).unwrap_or(usize::MAX) } else { 0 };
        let body = Json::object()
            .raw("transactions", &array(rows))
            .raw("summary", &view.summary)
            .count("total", view.total.saturating_add(shift))
            .raw("page", &page.to_string())
            .raw("per_page", &per_page.to_string())
            .raw("total_pages", &pages.to_string());
        let body = match book {
            Book::Master => body,
            Book::Customer(at) => body.raw("account_auth_id", &quoted(&self.accounts[at].auth_id)),
        };
        Ok(Answer::json(200, body.done()))
    }
}
