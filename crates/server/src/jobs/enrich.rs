//! Facts about the circumstances of an event, looked up once and kept for as long as they are asked for.

use dregs_engine::event::Event;
use dregs_engine::intelligence::networks::{NetworkFacts, NetworkTable, network_facts};
use dregs_engine::intelligence::user_agent::{UserAgentFacts, user_agent_facts};
use dregs_engine::profile::{Facts, Geo};
use moka::sync::Cache;
use std::net::IpAddr;
use std::sync::Arc;

/// User agents whose reading is remembered: most traffic comes from few.
const USER_AGENTS_MAX: u64 = 4096;
const ADDRESSES_MAX: u64 = 16_384;

pub struct Enricher {
    agents: Cache<String, UserAgentFacts>,
    networks: Cache<IpAddr, NetworkFacts>,
    /// Network facts that go before the bundled ones.
    table: Option<Arc<NetworkTable>>,
}

impl Enricher {
    pub fn new(table: Option<NetworkTable>) -> Self {
        Enricher {
            agents: Cache::new(USER_AGENTS_MAX),
            networks: Cache::new(ADDRESSES_MAX),
            table: table.map(Arc::new),
        }
    }

    pub fn facts(&self, event: &Event) -> Facts {
        Facts {
            network: event.ip.map(|ip| self.network(ip)),
            agent: event.user_agent.as_deref().map(|agent| self.agent(agent)),
            geo: Geo::default(),
        }
    }

    /// What is known of an address, whatever a team says of it.
    pub fn network(&self, ip: IpAddr) -> NetworkFacts {
        self.networks.get_with(ip, || self.looked_up(ip))
    }

    fn looked_up(&self, ip: IpAddr) -> NetworkFacts {
        self.table.as_ref().and_then(|table| table.facts(ip)).unwrap_or_else(|| network_facts(ip))
    }

    fn agent(&self, agent: &str) -> UserAgentFacts {
        self.agents.get(agent).unwrap_or_else(|| {
            let facts = user_agent_facts(agent);
            self.agents.insert(agent.to_owned(), facts.clone());
            facts
        })
    }
}
