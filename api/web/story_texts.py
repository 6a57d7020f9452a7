"""What pages say of events, in place of the sentences of the API, which are for whoever reads the
log.

Each row has the API's sentence and the text of the page. ``{name}`` stands for a value; in the
sentence ``[…]`` is a part that may be missing. A value of the sentence may be left out of the text:
the sentence is beside it. The first row that fits is taken, and a sentence that none fits is shown
as it is.
"""

from __future__ import annotations

from api.web.texts import said

_SAME = "[ as lead {id}, which is the same person]"
_OF_SEGMENT = "[ in segment {segment}]"

PEOPLE = (
    (
        "lead registered as {status} in niche {niche} with triggers {triggers}",
        said("The person was registered as {status}: niche {niche}, triggers {triggers}"),
    ),
    (
        "lead is now {status} in niche {niche}",
        said("What is known of the person was changed: {status}, niche {niche}"),
    ),
    ("lead got trigger {trigger}", said("The person got the trigger {trigger}")),
    (
        "trigger {trigger} was taken from the lead",
        said("The trigger {trigger} was taken from the person"),
    ),
    (
        "enrollment took trigger {trigger} from the lead",
        said("A sequence began, and used up the trigger {trigger}"),
    ),
    ("lead opted out, via {via}", said("The person said no to messages ({via})")),
    ("lead opted in, via {via}", said("The person wants messages again ({via})")),
    ("lead replied", said("The person replied")),
    ("lead replied with a {kind}", said("The person replied: {kind}")),
    ("something answered for the lead", said("A machine answered for the person")),
    (
        "something answered for the lead with a {kind}",
        said("A machine answered for the person: {kind}"),
    ),
    ("lead changed the words of a reply", said("The person changed the words of a reply")),
    (
        "the provider calls the person by a {kind} too",
        said("WhatsApp knows the person by another name too"),
    ),
    ("lead has another phone", said("The person has another phone")),
    (
        "somebody wrote to the lead on the phone itself",
        said("Somebody wrote to the person on the phone itself"),
    ),
    ("no message reaches the lead: {code}", said("No message reaches the person ({code})")),
    ("a message reached the lead after all", said("A message reached the person after all")),
    ("somebody wrote to the lead: message {id}", said("Somebody wrote to the person")),
    (
        "the person agreed to {purpose} at {at} by reply {reply}" + _SAME,
        said("The person agreed to {purpose} in a reply, on {at}"),
    ),
    (
        "the person agreed to {purpose} at {at}" + _SAME,
        said("The person agreed to {purpose} on {at}"),
    ),
    (
        "the person agrees no more to {purpose}" + _SAME,
        said("The person agrees no more to {purpose}"),
    ),
    (
        "lead is the same person as {id}, which goes on for both",
        said("The person was there twice: the other entry goes on for both"),
    ),
    (
        "lead goes on for {id} too, which is the same person",
        said("The person was there twice: this entry goes on for both"),
    ),
    (
        "the person was erased: nothing says any more who it was",
        said("The person was erased: nothing says any more who it was"),
    ),
)

SEQUENCES = (
    (
        "lead (version {version}) enrolled by trigger {trigger} in the sequence (version {of}),"
        " entry {entry}",
        said("The person entered the sequence by the trigger {trigger}"),
    ),
    (
        "lead (version {version}) enrolled by a person in the sequence (version {of}),"
        " entry {entry}",
        said("Somebody let the person into the sequence"),
    ),
    (
        "after step {step} no branch held: the next step comes",
        said("After step {step} none of its branches held: the next step follows"),
    ),
    (
        "after step {step} branch {branch} held: nothing follows",
        said("After step {step} its branch {branch} held: nothing follows"),
    ),
    (
        "after step {step} branch {branch} held: step {then} comes next",
        said("After step {step} its branch {branch} held: step {then} follows"),
    ),
    (
        "planned anew by the sequence (version {of})[ with {added} steps more and {fewer} fewer]",
        said("The sequence was changed, and its messages were planned anew"),
    ),
    ("enrollment stopped: {reason}", said("The sequence stopped for the person: {reason}")),
    ("enrollment completed", said("The sequence is complete: the person got every step")),
    (
        "sequence {name} defined for trigger {trigger}, {steps} steps",
        said("The sequence {name} was written, for the trigger {trigger}"),
    ),
    ("sequence activated", said("The sequence began to take people in")),
    ("sequence paused", said("The sequence was paused")),
    ("sequence resumed", said("The sequence goes on")),
    ("sequence deactivated", said("The sequence takes nobody in any more")),
    (
        "step {step} got new content[ and is planned anew for those under way]",
        said("Step {step} says something else, or at another time"),
    ),
    ("step {step} added at the end", said("Step {step} was added at the end")),
    (
        "step {step} added before step {before}",
        said("Step {step} was added before step {before}"),
    ),
    ("step {step} removed", said("Step {step} was taken away")),
    ("draft deleted", said("The draft was deleted")),
    (
        "sequence {name} revised[ and planned anew for those under way]",
        said("The rules of the sequence {name} were changed"),
    ),
    ("sequence approved: content {hash}", said("The sequence was approved as it was")),
    ("proposed: {change}", said("Somebody proposed a change of the sequence")),
    ("sequence proposals discarded", said("Nothing was done of what was proposed")),
)

CAMPAIGNS = (
    ("campaign {name} written down", said("The campaign {name} was written, as a draft")),
    (
        "campaign held itself: of {tried} tried {failed} failed and {out} opted out",
        said("The campaign paused itself: of {tried} tried {failed} failed, {out} said no"),
    ),
    (
        "campaign approved: content {hash} to niche {niche}, target status {status}" + _OF_SEGMENT,
        said("The campaign was approved as it was"),
    ),
    ("campaign {name} scheduled for {at}", said("The campaign {name} was planned for {at}")),
    (
        "campaign triggered for niche {niche}, target status {status}"
        + _OF_SEGMENT
        + "[ ; it can be called back until {until}]",
        said("The campaign began: niche {niche}, target status {status}"),
    ),
    ("campaign revised: text {id}", said("The campaign was changed")),
    (
        "audience extended by {count} messages",
        said("Messages were planned for more people: {count}"),
    ),
    ("audience complete: {count} messages", said("Everybody has a message: {count} in all")),
    ("campaign paused", said("The campaign was paused")),
    ("campaign resumed", said("The campaign goes on")),
    ("campaign cancelled", said("The campaign was cancelled")),
    ("campaign finished", said("The campaign is over")),
    ("campaign reopened", said("The campaign is under way again")),
    (
        "text {id} tested on a phone that ends in {digits}: {outcome}",
        said("The text was tested on a phone that ends in {digits}"),
    ),
)

MESSAGES = (
    ("message planned for {at}", said("The message was planned for {at}")),
    ("planned for {at} now: {reason}", said("The message was put off to {at}: {reason}")),
    (
        "claimed by {worker}, slot at {at}, lease until {until}",
        said("The message got its turn on the device, at {at}"),
    ),
    ("released: {reason}", said("The message waits again: {reason}")),
    (
        "handed over, text {id}, lead version {version}",
        said("The message was handed over to be sent"),
    ),
    ("accepted by the gateway as {id}", said("The message was sent: the gateway took it")),
    ("failed with {code}: {reason}", said("The message failed: {reason} ({code})")),
    ("deferred ({reason}) until {at}", said("The message was put off to {at}: {reason}")),
    ("outcome unknown: {reason}", said("Nobody knows whether the message was sent: {reason}")),
    ("resolved as {resolution}: {reason}", said("Somebody found out: {resolution}. {reason}")),
    ("moved to device {id}", said("Another device sends the message")),
    ("cancelled: {reason}", said("The message was cancelled: {reason}")),
    ("message retried", said("The message is tried once more")),
    ("message delivered", said("The message is on the person's phone")),
    ("message read", said("The person read the message")),
)

EVENTS = (*PEOPLE, *SEQUENCES, *CAMPAIGNS, *MESSAGES)
