//! Orders, and the whole life of one.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::fresh;
use crate::money::Amount;

/// What an order has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the states say what they are")]
pub enum OrderState {
    Draft,
    PendingPayment,
    PaymentAuthorized,
    PaymentFailed,
    Confirmed,
    Fulfilled,
    Cancelled,
}

/// An order. Its state changes by [`Order::change`] alone.
pub struct Order {
    amount: Amount,
    currency: String,
    state: OrderState,
    /// Until when the next thing must have happened.
    pub deadline: Timestamp,
    /// Every change of state, with its time and what made it.
    changes: Vec<Value>,
}

impl OrderState {
    /// The whole life of an order; what is not here does not happen.
    fn may_become(self, to: OrderState) -> bool {
        let next: &[OrderState] = match self {
            Self::Draft | Self::PaymentFailed => &[Self::PendingPayment, Self::Cancelled],
            Self::PendingPayment => &[
                Self::PaymentAuthorized,
                Self::PaymentFailed,
                Self::Cancelled,
            ],
            Self::PaymentAuthorized => &[Self::Confirmed, Self::Cancelled],
            Self::Confirmed => &[Self::Fulfilled],
            Self::Fulfilled | Self::Cancelled => &[],
        };
        next.contains(&to)
    }
}

impl Order {
    /// A new order, which can be paid until `deadline`.
    pub fn draft(amount: Amount, currency: String, deadline: Timestamp) -> Self {
        Order {
            amount,
            currency,
            state: OrderState::Draft,
            deadline,
            changes: Vec::new(),
        }
    }

    /// What the order has come to.
    pub fn state(&self) -> OrderState {
        self.state
    }

    /// Whether this is what the order costs.
    pub fn costs(&self, amount: Amount, currency: &str) -> bool {
        self.amount == amount && self.currency == currency
    }

    /// Brings the order into another state.
    ///
    /// # Errors
    ///
    /// A code, where there is no such way, or it is too late for it.
    pub fn change(&mut self, to: OrderState, by: &str) -> Result<(), &'static str> {
        if to == OrderState::PendingPayment && self.deadline <= fresh::now() {
            return Err("ORDER_OVERDUE");
        }
        if !self.state.may_become(to) {
            return Err("TRANSITION_REFUSED");
        }
        let at = fresh::now().to_string();
        let change = json!({"from": self.state, "to": to, "by": by, "at": at});
        self.changes.push(change);
        self.state = to;
        Ok(())
    }

    /// The order as it is shown.
    pub fn view(&self, id: &str) -> Value {
        json!({
            "orderID": id,
            "state": self.state,
            "amount": self.amount,
            "currency": self.currency,
            "expiresAt": self.deadline.to_string(),
            "changes": self.changes,
        })
    }
}
