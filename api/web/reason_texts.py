"""What pages say of what waits, of why not, and of what is foreseen, in place of the sentences of
the API. The rows are as in ``story_texts``."""

from __future__ import annotations

from api.web.texts import said

WAITS = (
    ("the planned time, {until}", said("the planned time")),
    (
        "a window, but none is open outside the quiet hours",
        said("a window, but none is open outside the quiet hours"),
    ),
    ("the end of the quiet hours, {until}", said("the end of the quiet hours")),
    ("the window that opens {until}", said("a window that opens")),
    ("the delay after the step before, until {until}", said("the delay after the step before")),
    ("the step before", said("the step before")),
    ("step {step}, which is {status}", said("step {step}: {status}")),
    (
        "what people of sequence {name} do after the step before",
        said("what people of the sequence {name} do after the step before"),
    ),
    (
        "what people do after the step before",
        said("what people do after the step before"),
    ),
    (
        "what the person does after step {step}",
        said("what the person does after step {step}"),
    ),
    (
        "the person's next day, {until}: all that a person may get in a day was sent",
        said("the person's next day: all that a person may get in a day was sent"),
    ),
    (
        "another try, {until}: the provider asked for a pause",
        said("another try: the provider asked for a pause"),
    ),
    (
        "another try, {until}: the gateway could not be reached",
        said("another try: the gateway could not be reached"),
    ),
    ("a slot of device {device}[, not before {until}]", said("its turn on the device {device}")),
    ("slots of their devices[, not before {until}]", said("their turn on their devices")),
    ("campaign {name}, which is {status}[: {rest}]", said("the campaign {name}: {status}")),
    ("campaign {name}, {status}[: {rest}]", said("the campaign {name}: {status}")),
    ("sequence {name}, which is {status}[: {rest}]", said("the sequence {name}: {status}")),
    ("sequence {name}, {status}[: {rest}]", said("the sequence {name}: {status}")),
    (
        "device {device}, which is {status} since {since}",
        said("the device {device}: {status} since {since}"),
    ),
    (
        "device {device}, {status} since {since}",
        said("the device {device}: {status} since {since}"),
    ),
    ("device {device}, which is {status}", said("the device {device}: {status}")),
    ("device {device}, {status}", said("the device {device}: {status}")),
    (
        "the next day of device {device}, {until}: the limit of {limit} is used up",
        said("the next day of the device {device}: its limit of {limit} is used up"),
    ),
    (
        "the next day of device {device}, {until}: the limit is used up",
        said("the next day of the device {device}: its limit is used up"),
    ),
    ("an approval of {name}", said("an approval of {name}")),
    (
        "the end of the time in which it can be undone, {until}",
        said("the end of the time in which it can be called back"),
    ),
    (
        "a release from quarantine: {how}",
        said("somebody who looks at it: it was put aside, see Health"),
    ),
)

REASONS = (
    (
        "the campaign is {status}, and has not started: it awaits an approval: it starts at {at}",
        said("the campaign has not begun: it awaits an approval, and its time is {at}"),
    ),
    (
        "the campaign is {status}, and has not started: it starts at {at}",
        said("the campaign has not begun: it begins on {at}"),
    ),
    (
        "the campaign is {status}, and has not started",
        said("the campaign has not begun: it is {status}"),
    ),
    (
        "the campaign is {status}: its audience is not complete",
        said("the campaign has not come to this person yet: it is {status}"),
    ),
    ("left out of the audience: {reason}", said("the person was left out: {reason}")),
    (
        "never enrolled: the sequence is {status}",
        said("the person did not enter: the sequence is {status}"),
    ),
    (
        "the lead has not the sequence's trigger",
        said("the person does not have the sequence's trigger"),
    ),
    (
        "the enroller has not looked yet: it looks at the latest in {seconds} seconds",
        said("the person has the trigger, and enters at the next look, at most {seconds} away"),
    ),
    (
        "no device can write to the lead: {reason}",
        said("no device can write to the person: {reason}"),
    ),
    (
        "the trigger was given again, but enrollment {entry} is {status}, and the sequence lets a"
        " lead in {again}",
        said("the person has the trigger again, but was in the sequence before: {status}"),
    ),
    (
        "the lead was not registered yet",
        said("the person was not registered yet"),
    ),
    ("the person had been erased", said("the person had been erased")),
    (
        "the lead had been merged into another",
        said("the person was there twice, and the other entry went on"),
    ),
    ("the lead's niche did not match", said("the person's niche did not match")),
    (
        "the lead's target status did not match",
        said("the person's target status did not match"),
    ),
    ("the lead had opted out", said("the person had said no to messages")),
    ("no message reached the person: {code}", said("no message reached the person ({code})")),
    (
        "the lead was not in the segment {segment}: {clause}",
        said("the person was not in the segment {segment}"),
    ),
    (
        "the person had not agreed to {purpose}",
        said("the person had not agreed to {purpose}"),
    ),
    (
        "the person had withdrawn the consent to {purpose}",
        said("the person had withdrawn the consent to {purpose}"),
    ),
    (
        "step {step} is {status}: it waits for {wait}",
        said("step {step} is {status}; it waits for {wait}"),
    ),
    (
        "step {step} is {status}: branch_not_taken; {decision}",
        said("step {step} is not for this person. {decision}"),
    ),
    ("step {step} is {status}: {reason}", said("step {step} is {status}: {reason}")),
    ("step {step} is {status}", said("step {step} is {status}")),
    (
        "the message is {status}: it waits for {wait}",
        said("the message is {status}; it waits for {wait}"),
    ),
    ("the message is {status}: {reason}", said("the message is {status}: {reason}")),
    ("the message is {status}", said("the message is {status}")),
)

FORESEEN = (
    ("not before the campaign is resumed", said("Not before the campaign is resumed")),
    (
        "not before a window is open outside the quiet hours",
        said("Not before a window is open outside the quiet hours"),
    ),
    ("not before {device} is back", said("Not before {device} is back")),
    (
        "not before ten years from now, so much waits for {device}",
        said("Not before ten years from now, so much waits for {device}"),
    ),
    (
        "it goes to every lead: niche is empty",
        said("it goes to everybody: no niche and no segment is chosen"),
    ),
    ("its time is over: it starts at once", said("its time is over: it begins at once")),
    ("its time is more than a year ahead", said("its time is more than a year ahead")),
    (
        "nobody in the audience has a value for {name}",
        said("nobody who gets it has a value for {name}"),
    ),
    ("{people}: the text would be empty", said("the text would be empty")),
    (
        "{people}: the text would be longer than their gateway takes ({limit} characters)",
        said("the text would be longer than their gateway takes ({limit} characters)"),
    ),
    (
        "{people}: a variable of the template has no value and no fallback",
        said("a variable of the template has no value"),
    ),
    (
        "{people}: they wrote nothing within 24 hours before, so the Cloud API takes only a"
        " template",
        said("they wrote nothing within 24 hours before, so WhatsApp takes only a template"),
    ),
)

COLUMNS = (
    ("it was chosen", said("it was chosen")),
    ("the list of leads has it so", said("the list of people has it so")),
    ("an earlier import wrote it", said("an earlier import wrote it")),
    ("it has neither a name nor values", said("it has neither a name nor values")),
    ("'{name}' is the {field}", said("the column {name} is taken for that")),
)

# What a message waits for, by the reason that the API names, where nothing more is known.
WAITED = {
    "scheduled": said("the planned time"),
    "window": said("a window"),
    "previous_step": said("the step before"),
    "branch": said("what the person does"),
    "frequency_cap": said("the person's next day"),
    "throttled": said("another try"),
    "unreachable": said("another try"),
    "pace": said("its turn on the device"),
    "campaign_paused": said("its campaign, which is held"),
    "sequence_paused": said("its sequence, which is held"),
    "device_offline": said("its device, which cannot send now"),
    "daily_limit": said("the next day of its device"),
    "approval": said("an approval"),
    "undo": said("the end of the time in which it can be called back"),
    "unrecordable": said("somebody who looks at it: it was put aside, see Health"),
}
