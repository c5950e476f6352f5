//! One history from one seed: clients come, publish, vanish and return; bytes arrive in pieces; cores,
//! log and ledger take turns in any order; the hub is killed.

use std::time::Duration;

use broker_codec::{QoS, Version};
use broker_engine::Key;
use uns_model::Clock;

use super::client::{Client, Heard};
use super::gate::Fault;
use super::hub::{CORES, Hub};
use super::model::Model;
use crate::dice::Dice;

const STEPS: usize = 400;

pub(crate) struct World {
    hub: Hub,
    dice: Dice,
    clients: Vec<Client>,
    /// Connections whose clients are gone and which the hub has not noticed.
    ghosts: Vec<(usize, Key)>,
    /// Connections with output the socket did not take.
    unwritten: Vec<(usize, Key)>,
    model: Model,
}

impl World {
    pub(crate) fn new(seed: u64, fault: Fault) -> Self {
        let two = QoS::ExactlyOnce;
        let clients = vec![
            Client::new("a", Version::V5, &[("t/#", two), ("w/#", two)]),
            Client::new("b", Version::V311, &[("t/+/1", QoS::AtLeastOnce)]),
            Client::new("c", Version::V5, &[("t/#", two)]),
            Client::new("d", Version::V5, &[("$share/g/t/#", two)]),
            Client::new("e", Version::V311, &[("$share/g/t/#", two)]),
            Client::new("g", Version::V5, &[("$share/g/t/#", two)]).for_seconds(1),
            Client::new("f", Version::V5, &[("$share/g/t/#", two), ("t/#", two)]),
        ];
        Self {
            hub: Hub::new(seed, fault),
            dice: Dice::new(seed),
            model: Model::new(clients.len()),
            clients,
            ghosts: Vec::new(),
            unwritten: Vec::new(),
        }
    }

    /// Plays it all, lets everything come to rest, and asks the model.
    pub(crate) fn play(mut self) -> Result<usize, String> {
        for _ in 0..STEPS {
            self.step();
        }
        self.heal();
        self.model.session_ended_behind(self.hub.newest_before_an_end());
        self.model.judge_log(&self.hub.logged())?;
        self.model.wills.judge_log(&self.hub.logged())?;
        let right = self.model.judge(&self.clients)?;
        // Somebody new gets what is retained.
        self.clients.push(Client::new("new", Version::V5, &[("t/+/kept", QoS::AtLeastOnce)]));
        self.heal();
        let new = self.clients.pop().expect("it was pushed");
        Model::judge_retained(&new.kept, &self.hub.logged()).map(|()| right)
    }

    fn step(&mut self) {
        let who = self.dice.below(self.clients.len());
        match self.dice.below(42) {
            0..=7 => self.send(who),
            8..=13 => self.carry(who),
            14..=17 => self.clients[who].answer(),
            18..=24 => {
                let core = self.dice.below(CORES);
                self.flush(core);
            }
            25..=29 => {
                self.hub.step_ledger();
                self.hub.fold_retained();
            }
            30..=32 => self.hub.commit(),
            33..=35 => {
                let most = 1 + self.dice.below(4);
                self.hub.hear_commits(most);
            }
            36 => self.vanish(who),
            37 => self.notice(),
            38 => {
                let millis = self.dice.pick(&[200, 200, 1_500]);
                self.hub.clock.advance(Duration::from_millis(millis));
                let now = self.hub.now();
                self.hub.engines.iter_mut().for_each(|engine| engine.tick(now));
            }
            39 | 40 => {
                let nth = self.dice.below(6);
                self.clients[who].insist(nth);
            }
            _ => match self.dice.below(4) {
                0 => self.kill(),
                1 => self.hub.checkpoint(),
                2 => self.forbid(who),
                _ => {}
            },
        }
    }

    /// A client connects or publishes.
    fn send(&mut self, who: usize) {
        if self.clients[who].line.is_none() {
            let core = self.dice.below(CORES);
            let key = self.hub.open(core);
            // The end of a session makes its will due before its delay is over.
            let may_wait = !self.clients[who].is_fleeting();
            let later = may_wait && self.clients[who].version == Version::V5 && self.dice.one_in(2);
            let delay = if later { 1 + u32::from(self.dice.one_in(2)) } else { 0 };
            let will = self.model.wills.connects(who, delay, self.model.kills);
            let clean = self.clients[who].is_fleeting() && self.dice.one_in(3);
            return self.clients[who].connect(core, key, (will, delay, clean));
        }
        if self.clients[who].is_fleeting()
            || !self.clients[who].established
            || !self.clients[who].is_up()
            || self.clients[who].unacknowledged() >= 6
        {
            return;
        }
        let kept = self.dice.one_in(5);
        let qos = self.dice.pick(&[QoS::AtLeastOnce, QoS::ExactlyOnce]);
        let last = if kept { "kept" } else { self.dice.pick(&["1", "2"]) };
        // What is kept may be everybody's, on whichever core.
        let whose = if kept && self.dice.one_in(2) { "all" } else { &*self.clients[who].name };
        let topic = format!("t/{whose}/{last}");
        let number = self.model.published(&topic, qos, &self.clients);
        self.clients[who].publish(&topic, number, (qos, kept));
    }

    /// Some bytes of a client arrive.
    fn carry(&mut self, who: usize) {
        let Some(line) = &mut self.clients[who].line else { return };
        let most = self.dice.pick(&[1, 7, 64, 4096]).min(line.up.len());
        line.unread.extend(line.up.drain(..most));
        let (core, key) = (line.core, line.key);
        self.offer(core, key);
    }

    fn offer(&mut self, core: usize, key: Key) {
        let client = self.clients.iter_mut().find(|client| is_at(client, core, key));
        let Some(line) = client.and_then(|client| client.line.as_mut()) else { return };
        let used = self.hub.receive(core, key, &line.unread);
        line.unread.drain(..used);
    }

    fn flush(&mut self, core: usize) -> bool {
        let (mut moved, resumed) = self.hub.flush(core);
        resumed.into_iter().for_each(|key| self.offer(core, key));
        let mut dirty = std::mem::take(&mut self.hub.engines[core].effects().dirty);
        self.unwritten.retain(|(at, key)| {
            let here = *at == core;
            dirty.extend(here.then_some(*key));
            !here
        });
        for key in dirty {
            self.hub.engines[core].begin_write(key);
            moved |= self.write(core, key);
        }
        moved
    }

    fn write(&mut self, core: usize, key: Key) -> bool {
        let now = self.hub.now();
        let output = self.hub.engines[core].output(key).to_vec();
        let is_ghost = self.ghosts.contains(&(core, key));
        let most = if is_ghost { output.len() } else { self.dice.pick(&[3, 100, 1 << 20]) };
        let written = most.min(output.len());
        self.hub.engines[core].wrote(now, key, written);
        if written < output.len() {
            self.unwritten.push((core, key));
        }
        if let Some(who) = self.clients.iter().position(|client| is_at(client, core, key)) {
            for heard in self.clients[who].hear(&output[..written]) {
                self.note(who, heard);
            }
        }
        let engine = &mut self.hub.engines[core];
        if engine.is_closing(key) && engine.output(key).is_empty() {
            engine.closed(now, key);
            self.ghosts.retain(|ghost| *ghost != (core, key));
            if let Some(who) = self.clients.iter().position(|client| is_at(client, core, key)) {
                self.clients[who].line = None;
                self.model.wills.gone(who, now.monotonic);
            }
        }
        !output.is_empty()
    }

    fn note(&mut self, who: usize, heard: Heard) {
        let at = (self.hub.clock.monotonic(), self.model.kills);
        let watched = self.clients[0].established;
        match heard {
            Heard::Welcome { present } if self.clients[who].is_fleeting() => {
                self.model.wills.welcome(who);
                if !present {
                    self.model.session_ended();
                }
            }
            Heard::Welcome { present } => {
                self.model.wills.welcome(who);
                let was = self.clients[who].established;
                self.model.welcome(who, present, was);
            }
            Heard::Subscribed => self.model.wills.is_stored(who, watched, at),
            Heard::Acknowledged { topic, number, released } => {
                if released || self.model.is_logged(number) {
                    self.model.wills.is_stored(who, watched, at);
                }
                self.model.acknowledged(&topic, number);
            }
        }
    }

    /// A client loses its connection with everything under way; the hub may learn of it later.
    fn vanish(&mut self, who: usize) {
        if let Some(line) = self.clients[who].line.take() {
            self.model.wills.gone(who, self.hub.clock.monotonic());
            self.ghosts.push((line.core, line.key));
        }
    }

    /// The hub notices that a client is gone.
    fn notice(&mut self) {
        if self.ghosts.is_empty() {
            return;
        }
        let at = self.dice.below(self.ghosts.len());
        let (core, key) = self.ghosts.swap_remove(at);
        let now = self.hub.now();
        self.hub.engines[core].closed(now, key);
    }

    /// A client loses the right to publish its will.
    fn forbid(&mut self, who: usize) {
        for core in 0..CORES {
            self.flush(core);
        }
        self.hub.forbid(&self.clients[who].name);
        self.model.wills.forbid(who, &self.hub.logged());
    }

    fn kill(&mut self) {
        self.hub.kill();
        self.ghosts.clear();
        self.unwritten.clear();
        for (who, client) in self.clients.iter_mut().enumerate() {
            if client.line.take().is_some() {
                self.model.wills.gone(who, self.hub.clock.monotonic());
            }
        }
        self.model.kills += 1;
    }

    /// Everybody connects, everything arrives, everything is answered.
    fn heal(&mut self) {
        while !self.ghosts.is_empty() {
            self.notice();
        }
        for _ in 0..2_000 {
            let mut moved = false;
            for who in 0..self.clients.len() {
                if self.clients[who].line.is_none() {
                    self.send(who);
                    moved = true;
                }
                while self.clients[who].silent_answers() > 0 {
                    self.clients[who].answer();
                }
                while self.clients[who].line.as_ref().is_some_and(|line| !line.up.is_empty()) {
                    self.carry(who);
                    moved = true;
                }
            }
            for core in 0..CORES {
                moved |= self.flush(core);
            }
            self.hub.commit();
            moved |= self.hub.hear_commits(usize::MAX);
            moved |= self.hub.step_ledger();
            moved |= self.hub.fold_retained();
            moved |= self.clients.iter().any(|client| client.silent_answers() > 0);
            if !moved {
                return;
            }
        }
        panic!("the hub never comes to rest");
    }
}

fn is_at(client: &Client, core: usize, key: Key) -> bool {
    client.line.as_ref().is_some_and(|line| (line.core, line.key) == (core, key))
}
