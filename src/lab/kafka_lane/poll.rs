//! A consumer's application: it polls, hands what it gets to its handler, and commits.

use super::super::node::{InHand, Port, Reader, Role};
use super::{Due, World};
use crate::event::{
    CommitPoint, EventId, Handling, KafkaFact, NodeId, Payload, TopicPartition, What,
};
use crate::kafka::client::ClientOutput;
use crate::kafka::consumer::ConsumerRecord;
use crate::kafka::retry::backoff_until;
use crate::sim::{Instant, SortedMap, Span};

/// The time-out of an application's `poll`: when nothing was there, it polls again after this.
pub(super) const POLL: Span = Span::from_millis(100);

impl World {
    /// The application's loop: it polls when it is free and something is there.
    pub(super) fn poll_if_ready(&mut self, node: NodeId, cause: Option<EventId>) {
        if let Role::Consumer(reader) = &self.node(node).role
            && reader.is_free()
            && reader.client.has_records()
        {
            self.poll(node, cause);
        }
    }

    pub(in crate::lab) fn poll_due(&mut self, node: NodeId) {
        if matches!(self.node(node).role, Role::Redrive(_)) {
            return self.redrive_poll(node, None);
        }
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        reader.polling = None;
        if reader.is_free() {
            self.poll(node, None);
        }
    }

    /// `poll()`: hands the application what the client has buffered.
    fn poll(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        let mut records = reader.client.poll(now, &mut out);
        let early = reader.put_back_early(now, &mut records, &mut out);
        let again = (records.is_empty() || reader.handling == Handling::HandsOver)
            && reader.polling.is_none();
        let early_commit =
            reader.commit == CommitPoint::BeforeWork || reader.handling == Handling::HandsOver;
        if early_commit && !reader.client.config().enable_auto_commit && !records.is_empty() {
            let next: SortedMap<_, _> =
                records.iter().map(|r| (r.partition.clone(), r.offset + 1)).collect();
            reader.client.commit(now, next.into_iter().collect(), &mut out);
        }
        if again {
            reader.polling = Some(now + POLL);
        }
        self.client_outputs(node, Port::Consumer, out, cause);
        for (partition, until) in early {
            let paused = partition.clone();
            let fact = KafkaFact::FetchPaused { partition: paused, until: Some(until) };
            self.emit(cause, What::Kafka { node, fact });
            self.queue.push(until, Due::BackedOff(node, partition));
        }
        if again {
            self.queue.push(now + POLL, Due::Poll(node));
        }
        for record in records {
            let Some(tag) = record.record.value.as_ref().and_then(Payload::tag) else {
                continue;
            };
            let fetched = match &mut self.node_mut(node).role {
                Role::Consumer(reader) => reader.fetched.remove(&tag.copy),
                _ => None,
            };
            let (cause, record) = (fetched.or(cause), Some(Box::new(record)));
            self.received(node, InHand { tag, cause, bytes: 0, record, taken: None });
        }
        if let Role::Consumer(reader) = &mut self.node_mut(node).role
            && !reader.client.has_buffered()
        {
            // What it had fetched and will not hand out any more went with a rebalance or a seek.
            reader.fetched.clear();
        }
        self.schedule_tick(node);
    }

    /// The application is done with everything it was given: it commits, then polls again.
    pub(in crate::lab) fn application_idle(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        if !reader.handler.is_idle() {
            return;
        }
        let hands_over = reader.handling == Handling::HandsOver;
        let done = std::mem::take(&mut reader.done);
        let by_hand = !hands_over
            && reader.commit == CommitPoint::AfterWork
            && !reader.client.config().enable_auto_commit;
        if by_hand && !done.is_empty() {
            reader.client.commit(now, done.into_iter().collect(), &mut out);
        }
        self.client_outputs(node, Port::Consumer, out, cause);
        if !hands_over {
            self.poll(node, cause);
        }
    }
}

impl Reader {
    /// Whether its polling thread has nothing else to do.
    fn is_free(&self) -> bool {
        self.handler.is_idle() || self.handling == Handling::HandsOver
    }

    /// Records of a retry topic whose back-off is not over go back: their partition is paused
    /// until then (`KafkaConsumerBackoffManager`). Answers which, and until when.
    fn put_back_early(
        &mut self,
        now: Instant,
        records: &mut Vec<ConsumerRecord>,
        out: &mut Vec<ClientOutput>,
    ) -> Vec<(TopicPartition, Instant)> {
        let mut paused: Vec<(TopicPartition, Instant)> = Vec::new();
        records.retain(|record| {
            if paused.iter().any(|(partition, _)| *partition == record.partition) {
                return false;
            }
            let until = backoff_until(&record.record).and_then(|ms| u64::try_from(ms).ok());
            let Some(until) = until.map(Instant::from_millis).filter(|until| *until > now) else {
                return true;
            };
            self.client.seek_back(&record.partition, record.offset, "back-off", out);
            self.client.pause(std::slice::from_ref(&record.partition));
            paused.push((record.partition.clone(), until));
            false
        });
        paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Carrier, Keys, Load, Settings};
    use crate::lab::World;

    /// What was fetched and then taken away by a rebalance or passed over by a seek is not
    /// remembered for ever.
    #[test]
    fn what_was_fetched_and_dropped_is_forgotten() {
        let mut world = World::new(1);
        let act = |world: &mut World, action: Action| world.act(action).expect("it can be done");
        let (topic, config) = (crate::event::Name::from("orders"), Settings::new());
        act(&mut world, Action::AddBroker { name: "kafka-1".into(), config: config.clone() });
        let (partitions, replicas) = (2, 1);
        let name = topic.clone();
        act(&mut world, Action::CreateTopic { name, partitions, replicas, config: config.clone() });
        let load = Load { per_kilosecond: 200_000, keys: Keys::None, bytes: 10 };
        let (name, carriers) = ("shop".into(), vec![Carrier::Kafka]);
        let topic_ = topic.clone();
        let shop =
            Action::AddProducer { name, topic: topic_, carriers, load, config: config.clone() };
        act(&mut world, shop);
        for member in 1..=4_u64 {
            let name = format!("billing-{member}").into();
            let settings = [("max.poll.records", "10"), ("auto.offset.reset", "earliest")];
            let config = settings.map(|(name, value)| (name.into(), value.into()));
            let config = config.into_iter().collect();
            let (group, topics, takes) =
                ("billing".into(), vec![topic.clone()], Span::from_millis(8));
            act(&mut world, Action::AddConsumer { name, group, topics, takes, config });
            world.advance_to(Instant::from_millis(8_000 * member));
        }
        act(&mut world, Action::SetRate { producer: "shop".into(), per_kilosecond: 0 });
        world.advance_to(Instant::from_millis(90_000));
        let kept = world.nodes.iter().filter_map(|node| match &node.role {
            Role::Consumer(reader) => Some(reader.fetched.len()),
            _ => None,
        });
        assert_eq!(kept.collect::<Vec<_>>(), [0; 4]);
    }
}
