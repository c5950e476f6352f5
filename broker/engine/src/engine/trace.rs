//! Notes packets for traces: those that came, after they were handled, and those that go, when
//! their bytes are written.

use std::sync::Arc;

use broker_codec::{Frame, Packet, PacketType, Publish, frame};
use uns_model::OrgId;

use super::Engine;
use super::step::{Fatal, RawPacket, Step};
use crate::gate::Gate;
use crate::in_process::InProcess;
use crate::key::Key;
use crate::now::Now;
use crate::trace::{Context, Trace, Words};

impl<G: Gate> Engine<G> {
    /// Notes packets for this trace from now on, until it is over.
    pub fn trace(&mut self, trace: Arc<Trace>) {
        // What waits in outputs was put there before: packets are noted from there on.
        for client in self.outbound.iter_mut() {
            client.traced = client.bytes + client.output().len() as u64;
        }
        self.tracer.add(trace);
    }

    /// A packet was handled, or refused.
    #[cold]
    pub(super) fn trace_in(
        &mut self,
        now: Now,
        key: Key,
        RawPacket { framed, bytes }: RawPacket<'_>,
        step: Result<Step, Fatal>,
    ) {
        let (refused, read) = (self.tracer.take_refusal(), self.tracer.take_read());
        if step == Ok(Step::Wait) {
            return;
        }
        let Some(connection) = self.sessions.get(key) else { return };
        let version = connection.version;
        let decoded = framed.decode(version, bytes);
        let mut words = match &decoded {
            Ok(packet) => Words::of(packet, framed.total_len),
            Err(_) => match PacketType::from_header(framed.header) {
                Some(packet) => Words::new(packet, framed.total_len),
                None => return,
            },
        };
        words.read = read;
        let mut client_id = &*connection.client_id;
        if let Ok(Packet::Connect(connect)) = &decoded
            && !connect.client_id.is_empty()
        {
            client_id = connect.client_id;
        }
        if let Some(publish) = &mut words.publish
            && let Some(alias) = publish.properties.topic_alias
            && publish.topic.is_empty()
            && let Some(topic) = connection.aliases.topic(alias)
        {
            publish.topic = topic;
        }
        if let Err(Fatal(reason)) = step {
            words.reason = Some(reason.name().to_owned());
        } else if let Some(refused) = refused {
            words.reason = Some(refused.to_owned());
        }
        let org = connection.org;
        self.tracer.note(Context { time: now.wall, incoming: true, org, client_id }, &words);
    }

    /// Output is about to leave, or left: its packets are noted once.
    #[cold]
    pub(super) fn trace_out(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get(key) else { return };
        let Some(outbound) = self.outbound.get_mut(key) else { return };
        let known = usize::try_from(outbound.traced.saturating_sub(outbound.bytes));
        outbound.traced = outbound.bytes + outbound.output().len() as u64;
        let mut rest = known.ok().and_then(|at| outbound.output().get(at..)).unwrap_or_default();
        let (org, client_id) = (connection.org, &*connection.client_id);
        if !self.tracer.concerns(org, client_id) {
            return;
        }
        let context = Context { time: now.wall, incoming: false, org, client_id };
        while let Ok(Frame::Packet(framed)) = frame(rest, usize::MAX) {
            if let Ok(packet) = framed.decode(connection.version, rest) {
                let mut words = Words::of(&packet, framed.total_len);
                if let Some(publish) = &mut words.publish
                    && publish.topic.is_empty()
                    && let Some(number) = publish.properties.topic_alias
                    && let Some(aliases) = &outbound.aliases
                {
                    publish.topic = aliases.topic(number).unwrap_or_default();
                }
                self.tracer.note(context, &words);
            }
            rest = rest.get(framed.total_len..).unwrap_or_default();
        }
    }

    /// A publish from inside the process was handled.
    #[cold]
    pub(super) fn trace_in_process(
        &mut self,
        now: Now,
        org: OrgId,
        client_id: &str,
        publish: &InProcess,
    ) {
        let mut words = Words::new(PacketType::Publish, publish.payload.len());
        words.publish = Some(Publish {
            topic: &publish.topic,
            payload: &publish.payload,
            retain: publish.retain,
            qos: broker_codec::QoS::from_level(publish.qos).unwrap_or_default(),
            ..Publish::default()
        });
        words.reason = self.tracer.take_refusal().map(str::to_owned);
        words.read = self.tracer.take_read();
        self.tracer.note(Context { time: now.wall, incoming: true, org, client_id }, &words);
    }
}
