//! The end of a history: the disk has room, everybody connects, everything arrives and is answered.

use super::World;
use crate::machine::{CORES, End};
use crate::worker::Stage;

/// Most rounds until nothing moves.
const ROUNDS_MAX: usize = 4_000;
/// Nothing moves any more once it did not so often, with time passing in between.
const QUIET: usize = 4;
/// What passes while nothing moves: longer than anything is put off.
const PAUSE_MILLIS: u64 = 1_100;

impl World {
    pub(super) fn rest(&mut self) -> Result<(), String> {
        self.machine.clear_faults();
        self.fails_when_told = false;
        self.free_disk();
        drop(self.machine.hub().ledger.checkpoint());
        while !self.ghosts.is_empty() {
            self.notice();
        }
        let mut quiet = 0;
        for _ in 0..ROUNDS_MAX {
            if self.round()? {
                quiet = 0;
                continue;
            }
            quiet += 1;
            if quiet >= QUIET {
                self.judge_watchers()?;
                return self.judge_exchanges();
            }
            self.pass(PAUSE_MILLIS);
        }
        Err("the hub never comes to rest".to_owned())
    }

    /// Some histories come to rest only after everybody who was away has come to a full disk.
    pub(super) fn arrive_on_full_disk(&mut self) -> Result<(), String> {
        if self.is_heavy || !self.choices.one_in(4) {
            return Ok(());
        }
        self.machine.clear_faults();
        self.fails_when_told = false;
        if !self.is_full {
            self.take_all_room();
        }
        for _ in 0..3 {
            self.round()?;
        }
        self.free_disk();
        self.pass(PAUSE_MILLIS);
        Ok(())
    }

    /// All but the first client, which watches, are lost and do not come back: their wills are due. The hub
    /// may die before it has published them, and before it knows of all.
    pub(super) fn everybody_leaves(&mut self) -> Result<(), String> {
        self.is_over = true;
        for who in 1..self.clients.len() {
            self.vanish(who);
            self.promises.wills.left(who);
        }
        if self.choices.one_in(2) {
            while !self.ghosts.is_empty() && !self.choices.one_in(4) {
                self.notice();
            }
            for core in 0..CORES {
                self.core_turn(core)?;
            }
            if self.choices.one_in(2) {
                self.commit()?;
            }
            self.restart(self.choices.pick(&[End::Process, End::Power]))?;
        }
        self.rest()
    }

    /// Everybody takes a turn; whether anything moved.
    fn round(&mut self) -> Result<bool, String> {
        let mut moved = false;
        for who in 0..self.clients.len() {
            if self.clients[who].line.is_none() && (who == 0 || !self.is_over) {
                self.connect_or_publish(who);
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
        self.offer_batch()?;
        moved |= self.rest_of_work()?;
        for core in 0..CORES {
            moved |= self.core_turn(core)?;
        }
        moved |= self.commit()?;
        // It finds out that there is room again.
        self.machine.hub().keep_log();
        moved |= self.machine.hub().step_ledger();
        moved |= self.machine.hub().step_namespace();
        moved |= self.step_history();
        moved |= self.write_history()?;
        self.go_on_deleting()?;
        moved |= self.clients.iter().any(|client| client.silent_answers() > 0);
        moved |= self.program_waits() || self.workers_wait();
        Ok(moved)
    }

    /// What a worker has begun is answered, and nothing new begins; whether anything was to be done.
    fn rest_of_work(&mut self) -> Result<bool, String> {
        let mut moved = false;
        for nth in (0..self.workers.len()).rev() {
            let worker = &mut self.workers[nth];
            let waits = worker.batches().next().is_some();
            let reaches = matches!(worker.stage, Stage::Reaching { .. });
            if waits || reaches {
                self.worker_turn(nth)?;
                moved = true;
            }
        }
        Ok(moved)
    }
}
