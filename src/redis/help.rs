//! What `HELP` of the containers answers.

use super::resp::Frame;

/// A help text as a reply: one simple string for each line.
fn lines(text: &'static str) -> Frame {
    Frame::Array(text.lines().map(Frame::Simple).collect())
}

/// `PUBSUB HELP`.
pub(super) fn pubsub() -> Frame {
    lines(
        "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\n\
CHANNELS [<pattern>]\n\
\x20   Return the currently active channels matching a <pattern> (default: '*').\n\
NUMPAT\n\
\x20   Return number of subscriptions to patterns.\n\
NUMSUB [<channel> ...]\n\
\x20   Return the number of subscribers for the specified channels, excluding\n\
\x20   pattern subscriptions(default: no channels).\n\
SHARDCHANNELS [<pattern>]\n\
\x20   Return the currently active shard level channels matching a <pattern> (default: '*').\n\
SHARDNUMSUB [<shardchannel> ...]\n\
\x20   Return the number of subscribers for the specified shard level channel(s)\n\
HELP\n\
\x20   Prints this help.",
    )
}

/// `XGROUP HELP`.
pub(super) fn xgroup() -> Frame {
    lines(
        "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\n\
CREATE <key> <groupname> <id|$> [option]\n\
\x20   Create a new consumer group. Options are:\n\
\x20   * MKSTREAM\n\
\x20     Create the empty stream if it does not exist.\n\
\x20   * ENTRIESREAD entries_read\n\
\x20     Set the group's entries_read counter (internal use).\n\
CREATECONSUMER <key> <groupname> <consumer>\n\
\x20   Create a new consumer in the specified group.\n\
DELCONSUMER <key> <groupname> <consumer>\n\
\x20   Remove the specified consumer.\n\
DESTROY <key> <groupname>\n\
\x20   Remove the specified group.\n\
SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]\n\
\x20   Set the current group ID and entries_read counter.\n\
HELP\n\
\x20   Prints this help.",
    )
}

/// `XINFO HELP`.
pub(super) fn xinfo() -> Frame {
    lines(
        "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\n\
CONSUMERS <key> <groupname>\n\
\x20   Show consumers of <groupname>.\n\
GROUPS <key>\n\
\x20   Show the stream consumer groups.\n\
STREAM <key> [FULL [COUNT <count>]\n\
\x20   Show information about the stream.\n\
HELP\n\
\x20   Prints this help.",
    )
}

/// `OBJECT HELP`.
pub(super) fn object() -> Frame {
    lines(
        "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\n\
ENCODING <key>\n\
\x20   Return the kind of internal representation used in order to store the value\n\
\x20   associated with a <key>.\n\
FREQ <key>\n\
\x20   Return the access frequency index of the <key>. The returned integer is\n\
\x20   proportional to the logarithm of the recent access frequency of the key.\n\
IDLETIME <key>\n\
\x20   Return the idle time of the <key>, that is the approximated number of\n\
\x20   seconds elapsed since the last access to the key.\n\
REFCOUNT <key>\n\
\x20   Return the number of references of the value associated with the specified\n\
\x20   <key>.\n\
HELP\n\
\x20   Prints this help.",
    )
}
