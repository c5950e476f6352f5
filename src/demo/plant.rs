//! The plant behind the demo: machines with states, stops, wear and noise.

use uns_model::{Random, Timestamp};

/// One tag's new value.
#[derive(Debug)]
pub(super) struct Reading {
    /// Path below the site.
    pub(super) tag: &'static str,
    /// The value as JSON.
    pub(super) value: String,
    /// States and counters are retained, so that a new reader has them at once.
    pub(super) retain: bool,
}

/// A site with two lines and a meter.
pub(super) struct Plant {
    dice: Dice,
    press: Machine,
    filler: Machine,
    oil_temperature: f64,
    tank_level: f64,
    parts: u64,
    scrap: u64,
    bottles: u64,
    energy_kwh: f64,
}

/// Uniform and bell-shaped noise from the one door to chance.
struct Dice(Box<dyn Random>);

impl Dice {
    fn uniform(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
        let numerator = (self.0.u64() >> 11) as f64;
        numerator / (1u64 << 53) as f64
    }

    /// Near normal: the sum of four uniforms, mean 0, spread about `width`.
    fn noise(&self, width: f64) -> f64 {
        let sum: f64 = (0..4).map(|_| self.uniform()).sum();
        (sum - 2.0) * width * 1.7
    }

    fn chance(&self, probability: f64) -> bool {
        self.uniform() < probability
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Run,
    Idle,
    Stop,
    Setup,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Run => "\"RUN\"",
            Self::Idle => "\"IDLE\"",
            Self::Stop => "\"STOP\"",
            Self::Setup => "\"SETUP\"",
        }
    }
}

/// A machine that runs, stops now and then, and is set up at a shift's start.
struct Machine {
    state: State,
    seconds_left: u32,
    stops_per_hour: f64,
}

impl Machine {
    fn new(stops_per_hour: f64) -> Self {
        Self { state: State::Run, seconds_left: 0, stops_per_hour }
    }

    fn step(&mut self, dice: &Dice, pause: bool) -> State {
        if pause {
            self.state = State::Idle;
            self.seconds_left = 0;
        } else if self.state == State::Idle {
            self.state = State::Setup;
            self.seconds_left = 45;
        } else if self.seconds_left > 0 {
            self.seconds_left -= 1;
            if self.seconds_left == 0 {
                self.state = State::Run;
            }
        } else if dice.chance(self.stops_per_hour / 3600.0) {
            self.state = State::Stop;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "20..140")]
            let seconds = 20 + (dice.uniform() * 120.0) as u32;
            self.seconds_left = seconds;
        }
        self.state
    }
}

/// Shift of the hour, and whether it is break time.
fn shift(now: Timestamp) -> (u8, bool) {
    let minute_of_day = now.0.div_euclid(60_000_000_000).rem_euclid(1440);
    let shift = match minute_of_day / 60 {
        6..14 => 1,
        14..22 => 2,
        _ => 3,
    };
    let minute_of_shift = (minute_of_day + 1440 - 360).rem_euclid(480);
    (shift, (240..255).contains(&minute_of_shift))
}

impl Plant {
    /// A plant that has just been switched on.
    pub(super) fn new(random: Box<dyn Random>) -> Self {
        Self {
            dice: Dice(random),
            press: Machine::new(6.0),
            filler: Machine::new(10.0),
            oil_temperature: 41.0,
            tank_level: 78.0,
            parts: 0,
            scrap: 0,
            bottles: 0,
            energy_kwh: 18_204.0,
        }
    }

    /// One second of plant life.
    pub(super) fn step(&mut self, now: Timestamp) -> Vec<Reading> {
        let (shift, pause) = shift(now);
        let mut readings = Vec::with_capacity(24);
        let mut power = 11.0 + self.dice.noise(0.3);
        power += self.step_press(now, pause, &mut readings);
        power += self.step_filler(pause, &mut readings);
        self.step_meter(power, shift, &mut readings);
        readings
    }

    fn step_press(&mut self, now: Timestamp, pause: bool, out: &mut Vec<Reading>) -> f64 {
        let state = self.press.step(&self.dice, pause);
        let running = state == State::Run;
        let target = if running { 58.0 } else { 35.0 };
        self.oil_temperature += (target - self.oil_temperature) / 240.0 + self.dice.noise(0.05);
        // A stroke takes six seconds; the force rises and falls with it.
        let phase = now.0.div_euclid(1_000_000_000).rem_euclid(6);
        let stroke = [0.05, 0.4, 0.95, 1.0, 0.5, 0.1];
        let force = match usize::try_from(phase).ok().and_then(|p| stroke.get(p)) {
            Some(part) if running => 1250.0 * part + self.dice.noise(8.0),
            _ => 0.0,
        };
        if running && phase == 4 {
            self.parts += 1;
            self.scrap += u64::from(self.dice.chance(0.02));
        }
        tag(out, "press/line1/cell3/state", state.word().into(), true);
        tag(out, "press/line1/cell3/temperature", fixed(self.oil_temperature, 2), false);
        tag(out, "press/line1/cell3/force", fixed(force.max(0.0), 1), false);
        let vibration = if running { 2.4 + self.dice.noise(0.3) } else { 0.1 };
        tag(out, "press/line1/cell3/vibration", fixed(vibration.max(0.0), 3), false);
        tag(out, "press/line1/parts", self.parts.to_string(), true);
        tag(out, "press/line1/scrap", self.scrap.to_string(), true);
        if running { 46.0 * force / 1250.0 + 9.0 } else { 3.5 }
    }

    fn step_filler(&mut self, pause: bool, out: &mut Vec<Reading>) -> f64 {
        let state = self.filler.step(&self.dice, pause);
        let running = state == State::Run;
        if running {
            self.bottles += 4;
            self.tank_level -= 0.035;
        }
        if self.tank_level < 22.0 {
            self.tank_level = 96.0;
        }
        let flow = if running { 182.0 + self.dice.noise(4.0) } else { 0.0 };
        let pressure = if running { 3.2 + self.dice.noise(0.05) } else { 2.9 };
        tag(out, "filling/line2/filler/state", state.word().into(), true);
        tag(out, "filling/line2/filler/flow", fixed(flow, 1), false);
        tag(out, "filling/line2/filler/pressure", fixed(pressure, 3), false);
        let belt = if running { 0.62 } else { 0.0 };
        tag(out, "filling/line2/conveyor/speed", fixed(belt, 2), false);
        tag(
            out,
            "filling/line2/tank/level",
            fixed(self.tank_level + self.dice.noise(0.1), 2),
            false,
        );
        tag(out, "filling/line2/bottles", self.bottles.to_string(), true);
        if running { 21.0 + self.dice.noise(0.8) } else { 4.0 }
    }

    fn step_meter(&mut self, power_kw: f64, shift: u8, out: &mut Vec<Reading>) {
        self.energy_kwh += power_kw / 3600.0;
        let volts = 231.0 + self.dice.noise(0.8);
        let amps = power_kw * 1000.0 / (volts * 3.0 * 0.93);
        tag(out, "utilities/energy/main/power", fixed(power_kw, 2), false);
        tag(out, "utilities/energy/main/energy", fixed(self.energy_kwh, 3), true);
        tag(out, "utilities/energy/main/voltage", fixed(volts, 1), false);
        tag(out, "utilities/energy/main/current", fixed(amps, 1), false);
        tag(out, "shift", shift.to_string(), true);
    }
}

fn tag(out: &mut Vec<Reading>, tag: &'static str, value: String, retain: bool) {
    out.push(Reading { tag, value, retain });
}

fn fixed(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::SeededRandom;

    #[test]
    fn a_day_has_work_stops_breaks_and_three_shifts() {
        let mut plant = Plant::new(Box::new(SeededRandom::new(7)));
        let mut states = std::collections::BTreeSet::new();
        let mut shifts = std::collections::BTreeSet::new();
        for second in 0..86_400 {
            for reading in plant.step(Timestamp(second * 1_000_000_000)) {
                if reading.tag == "press/line1/cell3/state" {
                    states.insert(reading.value);
                } else if reading.tag == "shift" {
                    shifts.insert(reading.value);
                }
            }
        }
        assert_eq!(states.len(), 4, "{states:?}");
        assert_eq!(shifts.len(), 3, "{shifts:?}");
        assert!(plant.parts > 10_000 && plant.scrap < plant.parts / 20);
        assert!((20.0..100.0).contains(&plant.tank_level));
    }
}
