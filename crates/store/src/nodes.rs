//! What nodes on one PostgreSQL store tell each other at once. Nothing of it is kept: who does not listen misses it. An
//! embedded store has one node.

use crate::error::Result;
use crate::open::Store;
use sqlx::postgres::PgListener;

/// Most bytes of one message; PostgreSQL takes fewer than 8,000.
pub const NODE_MESSAGE_BYTES_MAX: usize = 7_900;

/// The database's channel that nodes talk on.
const CHANNEL: &str = "dregs_nodes";

/// Hears what nodes say, the own one included.
pub struct NodeListener(PgListener);

impl NodeListener {
    /// The next message; none when the connection broke off: it is there again, but what was said meanwhile is lost.
    pub async fn next(&mut self) -> Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|told| told.payload().to_owned()))
    }
}

impl Store {
    /// Tells all nodes that listen.
    pub async fn tell_nodes(&self, message: &str) -> Result<()> {
        self.db.tell(CHANNEL, message).await
    }

    /// Listens to the nodes, this one included; none where there can be no other.
    pub async fn listen_to_nodes(&self) -> Result<Option<NodeListener>> {
        Ok(self.db.listen(CHANNEL).await?.map(NodeListener))
    }
}
