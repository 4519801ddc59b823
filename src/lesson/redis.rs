//! The Redis part of a lesson's topology: replicas, and the clients that read.

use super::build::{Builder, Role};
use super::shape::place;
use super::tree::{flag, get, list, name, names, settings, span, string};
use crate::event::{Action, Name};
use jsonc_parser::ast::Value;

impl Builder<'_> {
    pub(super) fn replicas(&mut self, value: &Value, put: &mut dyn FnMut(&Value, Action)) {
        for replica in list(value, "redisReplicas") {
            let (of, primary) = (name(replica, "name"), name(replica, "of"));
            if let Some(at) = get(replica, "of") {
                self.known(at, &[Role::Redis], "Redis server");
            }
            self.add(Role::Redis, &of, replica);
            let config = settings(replica);
            put(replica, Action::AddReplica { name: of, of: primary, config });
        }
    }

    pub(super) fn redis_readers(&mut self, value: &Value, put: &mut dyn FnMut(&Value, Action)) {
        for subscriber in list(value, "subscribers") {
            let of = name(subscriber, "name");
            self.add(Role::Subscriber, &of, subscriber);
            self.needs(Role::Redis, subscriber, "a subscriber needs a Redis server", "`redis`");
            let (channels, patterns) =
                (names(subscriber, "channels"), names(subscriber, "patterns"));
            if channels.is_empty() && patterns.is_empty() {
                let wrong = "this subscriber subscribes to nothing";
                self.report.add(place(subscriber), wrong, "add `channels` or `patterns`");
            }
            for channel in channels.iter().chain(&patterns) {
                self.nodes.insert((Role::Channel, channel.clone()));
            }
            if let Some(server) = get(subscriber, "server") {
                self.known(server, &[Role::Redis], "Redis server");
            }
            let server = get(subscriber, "server").and_then(string).map(Name::from);
            let takes = span(subscriber, "takes").unwrap_or_default();
            let (name, on) = (of, server);
            put(subscriber, Action::AddSubscriber { name, channels, patterns, takes, server: on });
        }
        for reader in list(value, "streamReaders") {
            let (of, stream) = (name(reader, "name"), name(reader, "stream"));
            self.add(Role::StreamReader, &of, reader);
            self.needs(Role::Redis, reader, "a stream reader needs a Redis server", "`redis`");
            self.nodes.insert((Role::Key, stream.clone()));
            let group = get(reader, "group").and_then(string).map(Name::from);
            self.nodes.extend(group.iter().map(|group| (Role::Group, group.clone())));
            let (takes, config) = (span(reader, "takes").unwrap_or_default(), settings(reader));
            put(reader, Action::AddStreamReader { name: of, stream, group, takes, config });
        }
        for worker in list(value, "listWorkers") {
            let (of, list) = (name(worker, "name"), name(worker, "list"));
            self.add(Role::ListWorker, &of, worker);
            self.needs(Role::Redis, worker, "a list worker needs a Redis server", "`redis`");
            self.nodes.insert((Role::Key, list.clone()));
            let (takes, safe) = (span(worker, "takes").unwrap_or_default(), flag(worker, "safe"));
            let safe = safe.unwrap_or(false);
            put(worker, Action::AddListWorker { name: of, list, takes, safe });
        }
    }
}
