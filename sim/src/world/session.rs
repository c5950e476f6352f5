//! What clients do beside publishing, and the network between them and the hub: it delivers in pieces,
//! late, in any order among connections, or not at all; within one connection the order holds.

use broker_engine::Key;

use super::{Actor, World, is_at};

impl World {
    pub(super) fn session_turn(&mut self) {
        let who = self.choices.below(self.clients.len());
        match self.choices.below(16) {
            0..=10 => {
                self.clients[who].answer();
                let name = self.clients[who].name.clone();
                self.note(Actor::Session, format_args!("{name} answers"));
            }
            11 | 12 => {
                let nth = self.choices.below(6);
                self.clients[who].insist(nth);
                let name = self.clients[who].name.clone();
                self.note(Actor::Session, format_args!("{name} says {nth} again"));
            }
            13 => self.vanish(who),
            14 => self.vanish_before_pubrel(who),
            _ => self.notice(),
        }
    }

    /// A client takes what it is sent, says PUBREC, and loses its connection before it hears PUBREL.
    fn vanish_before_pubrel(&mut self, who: usize) {
        while self.clients[who].silent_answers() > 0 {
            self.clients[who].answer();
        }
        while self.clients[who].line.as_ref().is_some_and(|line| !line.up.is_empty()) {
            self.carry(who);
        }
        self.vanish(who);
        self.notice();
    }

    /// A client loses its connection with everything under way; the hub may learn of it later.
    pub(super) fn vanish(&mut self, who: usize) {
        if let Some(line) = self.clients[who].hang_up() {
            self.promises.wills.gone(who, self.machine.monotonic());
            self.ghosts.push((line.core, line.key));
            let name = self.clients[who].name.clone();
            self.note(Actor::Session, format_args!("{name} loses its connection"));
        }
    }

    /// The hub notices that a client is gone.
    pub(super) fn notice(&mut self) {
        if self.ghosts.is_empty() {
            return;
        }
        let at = self.choices.below(self.ghosts.len());
        let (core, key) = self.ghosts.swap_remove(at);
        let server = &mut self.machine.hub().server;
        let now = server.now();
        server.engine(core).closed(now, key);
        self.note(Actor::Network, format_args!("core {core} notices that a client is gone"));
    }

    pub(super) fn network_turn(&mut self) {
        let who = self.choices.below(self.clients.len());
        self.carry(who);
    }

    /// Some bytes of a client arrive.
    pub(super) fn carry(&mut self, who: usize) {
        let Some(line) = &mut self.clients[who].line else { return };
        let most = self.choices.pick(&[1, 7, 64, 4_096, 20_000]).min(line.up.len());
        line.unread.extend(line.up.drain(..most));
        let (core, key) = (line.core, line.key);
        self.offer(core, key);
        let name = self.clients[who].name.clone();
        self.note(Actor::Network, format_args!("{most} bytes of {name} arrive at core {core}"));
    }

    /// The engine is offered what it has not used.
    pub(super) fn offer(&mut self, core: usize, key: Key) {
        let client = self.clients.iter_mut().find(|client| is_at(client, core, key));
        let Some(line) = client.and_then(|client| client.line.as_mut()) else { return };
        let used = self.machine.hub().receive(core, key, &line.unread);
        line.unread.drain(..used);
    }
}
