//! Records that a consumer's handler failed on: tried again, passed over, or copied elsewhere by
//! the application's own producer. Publishing and committing are two steps, so a crash between
//! them repeats and never loses.

use super::super::errors::{Errors, needs};
use super::super::handler::Handler;
use super::super::node::{InHand, Port, Reader, Role};
use super::super::standing::Aim;
use super::{Due, World};
use crate::event::{
    ErrorHandling, EventId, Handling, KafkaFact, LabFact, LostReason, Name, NodeId, PartyId,
    Refusal, Standing, Tag, What,
};
use crate::kafka::protocol::{CreatableTopic, CreateTopicsRequest, Request};
use crate::kafka::record::Record;
use crate::kafka::retry::{Failure, Verdict, attempts, backoff_until, readable};
use crate::lab::lookup::refuse;
use crate::sim::{Instant, SortedMap, Span};

/// After this a record is delivered again whose copy could not be sent.
const NOT_SENT: Span = Span::from_secs(1);

impl World {
    /// Decides about a record whose handler just failed.
    pub(in crate::lab) fn record_failed(
        &mut self,
        node: NodeId,
        party: PartyId,
        mut job: InHand,
        event: EventId,
    ) {
        if let Role::Consumer(reader) = &self.node(node).role
            && reader.handling != Handling::Synchronous
        {
            // No error reaches the error handler: it was caught, or thrown in another thread.
            return self.give_up(node, party, &job, event);
        }
        let Some(record) = job.record.take() else { return };
        let number = self.drafts.get(&job.tag.message).map_or(0, |(_, number)| *number);
        let failure = Failure {
            exception: "java.lang.IllegalStateException".into(),
            message: format!("cannot handle message {number}").into(),
            fatal: false,
        };
        let cluster = self.cluster();
        let partitions = |topic: &str| {
            let image = cluster.as_ref()?.topics.get(topic)?;
            Some(image.partitions.len() as u32)
        };
        let now = self.now;
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        let group = reader.group.clone();
        let verdict = reader.errors.failed(now, &record, &group, &failure, partitions);
        job.cause = Some(event);
        job.record = Some(record);
        match verdict {
            Verdict::Again { after } => self.try_again(node, job, after),
            Verdict::Skip => self.give_up(node, party, &job, event),
            Verdict::Publish { topic, partition, record } => {
                self.send_copy(node, party, job, topic, partition, record);
            }
        }
    }

    fn try_again(&mut self, node: NodeId, job: InHand, after: Span) {
        let Some((handler, _)) = self.handler(node) else { return };
        handler.hold(job);
        let (number, takes) = handler.again(after);
        self.queue.push(self.now + takes, Due::Finished(node, number));
    }

    fn give_up(&mut self, node: NodeId, party: PartyId, job: &InHand, event: EventId) {
        let attempts = self.handler(node).map_or(1, |(handler, _)| handler.attempt());
        let fact = LabFact::GivenUp { node, tag: job.tag, attempts };
        let event = self.emit(Some(event), What::Lab(fact));
        self.lose(job.tag.message, party, LostReason::Failed, Some(event));
        self.passed(node, job, false);
        self.begin_next(node);
        self.application_idle(node, Some(event));
    }

    /// The application's producer sends a copy; the record stays in its hands until that is
    /// acknowledged.
    fn send_copy(
        &mut self,
        node: NodeId,
        party: PartyId,
        job: InHand,
        topic: Name,
        partition: Option<u32>,
        mut record: Record,
    ) {
        let tag = Tag { message: job.tag.message, copy: self.next_copy() };
        record.value = record.value.map(|value| value.with_tag(tag));
        let parks = match &self.node(node).role {
            Role::Consumer(reader) => reader.errors.parks_in(&topic),
            _ => false,
        };
        let failed = self.handler(node).map_or(1, |(handler, _)| handler.attempt());
        let (to, headers) = (topic.clone(), readable(&record));
        let fact = if parks {
            LabFact::DeadLettered { node, tag, attempts: failed, topic: to, headers }
        } else {
            let due = backoff_until(&record).and_then(|ms| u64::try_from(ms).ok());
            let not_before = due.map_or(self.now, Instant::from_millis);
            let attempt = attempts(&record);
            LabFact::RetryScheduled { node, tag, attempt, topic: to, not_before, headers }
        };
        let event = self.emit(job.cause, What::Lab(fact));
        let purpose = if parks { Aim::Park(party) } else { Aim::Retry(party) };
        self.copies_of.sent(tag.copy, purpose);
        let side = match &mut self.node_mut(node).role {
            Role::Consumer(reader) => {
                reader.handler.hold(job);
                reader.sender.take()
            }
            _ => return,
        };
        let index = node.0 + self.emitted as u32;
        let mut side =
            side.unwrap_or_else(|| self.kafka_side(&crate::event::Settings::new(), index));
        let mut out = Vec::new();
        let number = side.client.send_to(self.now, topic, partition, record, &mut out);
        side.open.insert(number, tag);
        if let Role::Consumer(reader) = &mut self.node_mut(node).role {
            reader.sender = Some(side);
        }
        self.client_outputs(node, Port::Producer, out, Some(event));
        self.schedule_tick(node);
    }

    /// The fate of a copy: once it is acknowledged, its record is done with; else that is
    /// delivered again (`DeadLetterPublishingRecoverer`, `failIfSendResultIsError`).
    pub(super) fn copy_sent(
        &mut self,
        node: NodeId,
        tag: Tag,
        stored: bool,
        cause: Option<EventId>,
    ) {
        let Some(job) = self.handler(node).and_then(|(handler, _)| handler.release()) else {
            return;
        };
        if !stored {
            self.copies_of.dropped(tag.copy);
            return self.try_again(node, job, NOT_SENT);
        }
        self.passed(node, &job, false);
        self.begin_next(node);
        self.application_idle(node, cause);
    }

    /// A listener goes on with a partition that it had paused for a record's back-off.
    pub(in crate::lab) fn backed_off(
        &mut self,
        node: NodeId,
        partition: &crate::event::TopicPartition,
    ) {
        if let Role::Consumer(reader) = &mut self.node_mut(node).role {
            reader.client.resume(std::slice::from_ref(partition));
        }
        let fact = KafkaFact::FetchResumed { partition: partition.clone() };
        self.emit(None, What::Kafka { node, fact });
        self.poll_due(node);
    }

    /// What an error handling needs behind the topics of a consumer: topics that are not there
    /// yet, and listeners by the suffix of their group with the topics they read.
    fn needed(
        &self,
        reader: &Reader,
        handling: ErrorHandling,
    ) -> (Vec<Request>, Vec<(Name, Vec<Name>)>) {
        let cluster = self.cluster();
        let partitions = |topic: &Name| {
            let image = cluster.as_ref().and_then(|cluster| cluster.topics.get(topic));
            image.map(|image| image.partitions.len() as u32)
        };
        let mut create = Vec::new();
        let mut listeners: Vec<(Name, Vec<Name>)> = Vec::new();
        for topic in &reader.topics {
            let (topics, retries) = needs(handling, topic, partitions(topic).unwrap_or(1));
            for needed in topics {
                if partitions(&needed.topic).is_none() {
                    create.push(behind(needed.topic, needed.partitions));
                }
            }
            for (topic, suffix) in retries {
                match listeners.iter_mut().find(|(known, _)| *known == suffix) {
                    Some((_, topics)) => topics.push(topic),
                    None => listeners.push((suffix, vec![topic])),
                }
            }
        }
        (create, listeners)
    }

    /// Whether a consumer's error handling can be set up.
    pub(in crate::lab) fn check_error_handling(
        &self,
        consumer: &Name,
        handling: ErrorHandling,
    ) -> Result<(), Refusal> {
        let reader = self.reader_named(consumer)?;
        if reader.errors.choice == handling {
            return refuse(format!("\"{consumer}\" does so already."));
        }
        let tries = match handling {
            ErrorHandling::Block { attempts, .. }
            | ErrorHandling::DeadLetter { attempts, .. }
            | ErrorHandling::RetryTopics { attempts, .. } => attempts,
            ErrorHandling::BlockForEver | ErrorHandling::Skip => 1,
        };
        if !(1..=100).contains(&tries) {
            return Err(Refusal { reason: "A handler tries 1 to 100 times.".into() });
        }
        let (create, _) = self.needed(reader, handling);
        create.into_iter().try_for_each(|request| self.would(request))
    }

    /// Sets up a consumer's error handling. Listeners that stand already stay, so that what
    /// waits in their topics is still handled.
    pub(in crate::lab) fn set_error_handling(
        &mut self,
        consumer: &Name,
        handling: ErrorHandling,
        cause: EventId,
    ) {
        let Ok(reader) = self.reader_named(consumer) else { return };
        let (create, listeners) = self.needed(reader, handling);
        let errors = Errors::new(handling, &reader.topics);
        let node = self.root_named(consumer);
        for request in create {
            self.administer(request, cause);
        }
        for (suffix, topics) in listeners {
            if let Some(node) = node {
                self.add_listener(node, &suffix, topics, &errors, cause);
            }
        }
        if let Some(node) = node
            && let Role::Consumer(reader) = &mut self.node_mut(node).role
        {
            reader.errors = errors;
        }
    }

    /// Adds a listener of a retry topic, as `@RetryableTopic` does: a consumer of its own whose
    /// group has the topic's suffix (`EndpointCustomizerFactory`).
    ///
    /// Its group begins at the earliest record, whatever the consumer's `auto.offset.reset` is:
    /// a real application has its listeners before the first record fails.
    fn add_listener(
        &mut self,
        of: NodeId,
        suffix: &Name,
        topics: Vec<Name>,
        errors: &Errors,
        cause: EventId,
    ) {
        let name: Name = format!("{}{suffix}", self.node(of).name).into();
        let mut config = self.node(of).settings.clone();
        config.remove("group.instance.id");
        config.insert("auto.offset.reset".into(), "earliest".into());
        let index = self.nodes.len() as u32;
        let seed = self.seed;
        let Role::Consumer(reader) = &self.node(of).role else { return };
        let party = reader.party;
        let group: Name = format!("{}{suffix}", reader.group).into();
        let handler = Handler::beside(&reader.handler, seed, index);
        let (commit, handling) = (reader.commit, reader.handling);
        if let Some(node) = self.listener(of, &name) {
            if let Role::Consumer(listener) = &mut self.node_mut(node).role {
                listener.errors = errors.clone();
            }
            return;
        }
        let client = self.consumer(&name, &group, &topics, &config, index);
        let reader = Reader {
            party,
            group: group.clone(),
            topics: topics.clone(),
            client,
            wires: SortedMap::new(),
            handler,
            commit,
            done: SortedMap::new(),
            fetched: SortedMap::new(),
            polling: None,
            errors: errors.clone(),
            sender: None,
            handling,
            assigned: Vec::new(),
        };
        let role = Role::Consumer(Box::new(reader));
        let node = self.add_node(name, role, Some(party), config, cause);
        self.node_mut(node).listens_for = Some(of);
        let link = self.node(of).link.clone();
        let (state, unplugged) = (self.node(of).state, self.node(of).unplugged);
        let listener = self.node_mut(node);
        listener.link = link;
        listener.unplugged = unplugged;
        listener.state = state;
        let fact = LabFact::ListenerAdded { node, of, group, topics };
        self.emit(Some(cause), What::Lab(fact));
        self.start(node, cause);
    }

    /// A record was given to its dead-letter topic, or came back.
    pub(in crate::lab) fn copied(
        &mut self,
        tag: Tag,
        purpose: Aim,
        partition: &crate::event::TopicPartition,
        event: EventId,
    ) {
        let (parties, to) = match purpose {
            Aim::Park(party) => (vec![party], Standing::Parked),
            Aim::Retry(party) => (vec![party], Standing::Waiting),
            Aim::Redrive => {
                self.copies_of.redriven(tag);
                (self.readers_of(&partition.topic), Standing::Waiting)
            }
        };
        for party in parties {
            let standing = self.ledger.standing(tag.message, party);
            if matches!(standing, None | Some(Standing::Delivered | Standing::Refused)) {
                continue;
            }
            self.copies_of.moved(tag.message, party, partition.clone());
            self.settle(tag.message, party, to, Some(event));
        }
    }
}

/// A topic behind another one. Its replication factor is the brokers' default
/// (`@RetryableTopic`'s `replicationFactor = -1`).
fn behind(name: Name, partitions: u32) -> Request {
    let topic = CreatableTopic {
        name,
        num_partitions: Some(i32::try_from(partitions).unwrap_or(i32::MAX)),
        replication_factor: None,
        assignments: Vec::new(),
        configs: Vec::new(),
    };
    CreateTopicsRequest { topics: vec![topic] }.into()
}
