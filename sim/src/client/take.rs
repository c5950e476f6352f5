//! What a client does about what it hears.

use broker_codec::{Ack, Frame, Packet, PacketId, Publish, QoS, Suback, Version, frame};

use super::{Client, Echoes, Got, Heard, Out, Stage};

impl Client {
    /// Takes bytes from the hub.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let Some(line) = &mut self.line else { return Vec::new() };
        line.down.extend_from_slice(bytes);
        let down = std::mem::take(&mut line.down);
        let (mut at, mut heard) = (0, Vec::new());
        while let Frame::Packet(framed) = frame(&down[at..], usize::MAX).expect("frames") {
            let packet = framed.decode(self.version, &down[at..]).expect("a packet");
            heard.extend(self.take(&packet));
            at += framed.total_len;
        }
        if let Some(line) = &mut self.line {
            line.down = down[at..].to_vec();
        }
        heard
    }

    fn take(&mut self, packet: &Packet<'_>) -> Option<Heard> {
        match packet {
            Packet::Connack(connack) => {
                if connack.reason.is_error() {
                    return None;
                }
                self.line.as_mut().expect("it listens").welcome = true;
                self.begins_anew = false;
                if !connack.session_present {
                    self.incoming.clear();
                    self.established &= !self.is_fleeting();
                }
                self.echoes = Echoes::default();
                self.out.iter_mut().for_each(|out| out.said = 1);
                if self.established {
                    for out in self.out.clone() {
                        self.send(&out, true);
                    }
                } else {
                    self.subscribe();
                }
                return Some(Heard::Welcome { present: connack.session_present });
            }
            Packet::Suback(suback) => return self.subscribed(suback),
            Packet::Publish(publish) => self.receive(publish),
            Packet::Puback(ack) if ack.reason.is_error() => return self.refused(ack.packet_id),
            Packet::Puback(ack) => return self.done((ack.packet_id, QoS::AtLeastOnce), false),
            Packet::Pubcomp(ack) => {
                let known = self.version == Version::V5 && !ack.reason.is_error();
                return self.done((ack.packet_id, QoS::ExactlyOnce), known);
            }
            Packet::Pubrec(ack) if ack.reason.is_error() => return self.refused(ack.packet_id),
            Packet::Pubrec(ack) => return self.received(ack.packet_id),
            Packet::Pubrel(ack) => {
                self.incoming.remove(&ack.packet_id);
                self.owed_acks.push_back((3, ack.packet_id));
            }
            _ => {}
        }
        None
    }

    fn receive(&mut self, publish: &Publish<'_>) {
        let number = number_in(publish.payload);
        let got = Got { topic: publish.topic.to_owned(), number };
        self.show(&got, publish.retain);
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => {
                if publish.retain {
                    self.kept.push(got);
                } else {
                    self.got.push(got);
                }
                self.owed_acks.push_back((1, id));
            }
            (QoS::ExactlyOnce, Some(id)) => {
                if self.incoming.insert(id) {
                    if publish.retain {
                        self.kept.push(got);
                    } else {
                        self.got.push(got);
                    }
                }
                self.owed_acks.push_back((2, id));
            }
            _ => self.got.push(got),
        }
    }

    /// Shows it in place of what came of its topic before.
    fn show(&mut self, got: &Got, retain: bool) {
        let Some(held_back) = &mut self.held_back else {
            self.shown.insert(got.topic.clone(), got.number);
            return;
        };
        let number = match retain {
            true => held_back.insert(got.topic.clone(), got.number).and(None),
            false => held_back.remove(&got.topic).or(Some(got.number)),
        };
        if let Some(number) = number {
            self.shown.insert(got.topic.clone(), number);
        }
    }

    /// One subscription that was refused is tried again, on a new connection.
    fn subscribed(&mut self, suback: &Suback<'_>) -> Option<Heard> {
        self.established = suback.codes.iter().all(|code| !code.is_error());
        if self.established {
            return Some(Heard::Subscribed);
        }
        self.gives_up = true;
        None
    }

    /// PUBREC: from now on PUBREL is said.
    fn received(&mut self, id: PacketId) -> Option<Heard> {
        let of_qos_2 = |out: &&mut Out| out.qos == QoS::ExactlyOnce;
        let known = self.out.iter_mut().filter(of_qos_2).find(|out| out.id == id);
        let number = known.map(|out| {
            out.stage = Stage::Released;
            out.number
        });
        self.say(&Packet::Pubrel(Ack::new(id)));
        number.map(|number| Heard::Received { number })
    }

    /// The hub would not take a publish; it is not said again.
    fn refused(&mut self, id: PacketId) -> Option<Heard> {
        let sent = |out: &Out| out.id == id && out.stage == Stage::Sent;
        let at = self.out.iter().position(sent)?;
        Some(Heard::Refused { number: self.out.remove(at).number })
    }

    /// An exchange is over, if it is the one that this answer ends: the last one with the same
    /// identifier may have been asked twice for its own.
    fn done(&mut self, (id, qos): (PacketId, QoS), released: bool) -> Option<Heard> {
        if qos == QoS::AtLeastOnce && self.echoes.take(id) {
            return None;
        }
        let ends = |out: &Out| match qos {
            QoS::ExactlyOnce => out.stage == Stage::Released,
            _ => out.qos == qos,
        };
        let at = self.out.iter().position(|out| out.id == id && ends(out))?;
        let Out { topic, number, said, .. } = self.out.remove(at);
        if qos == QoS::AtLeastOnce {
            self.echoes.first_came(id, said);
        }
        Some(Heard::Acknowledged { topic, number, released })
    }
}

/// The number in a payload of ours.
pub(crate) fn number_in(payload: &[u8]) -> u32 {
    String::from_utf8_lossy(payload).trim_end().parse().expect("every payload here is a number")
}
