# Messages to who is to know. Each waits in the outbox until it was taken, so none
# is lost while the receiver is away. Addresses and passwords go to curl by
# standard input: they are secrets, and argv is public.
# shellcheck shell=bash disable=SC2154 # common.sh and checks.sh stand in front

OUTBOX=$WATCH/outbox
MOST_WAITING=50 # of each kind; the oldest go first

# tell SUBJECT lets a message wait, whose text is on standard input.
tell() {
    local text way name
    text=$(cat)
    name=$(date --utc +%FT%T.%NZ)
    mkdir -p "$OUTBOX"
    for way in $(ways); do
        printf '%s\n%s\n' "$1" "$text" >"$OUTBOX/.new"
        mv "$OUTBOX/.new" "$OUTBOX/$way-$name"
        find "$OUTBOX" -name "$way-*" | sort | head -n "-$MOST_WAITING" | xargs -r rm
    done
}

ways() {
    [[ -z $ALERT_URL ]] || echo "$ALERT_FORMAT"
    [[ -z $ALERT_EMAIL ]] || echo email
}

# deliver sends what waits, the oldest first. It fails when something remains.
deliver() {
    local way message status=0
    for way in $(ways); do
        for message in "$OUTBOX/$way"-*; do
            [[ -e $message ]] || continue
            "send_$way" "$message" || {
                say "a message could not be sent ($way); it is tried again with the next look" >&2
                status=1
                break
            }
            rm "$message"
        done
    done
    return "$status"
}

subject_of() { head -n 1 "$1"; }
text_of() { tail -n +2 "$1"; }

# send_text is what ntfy and most others take: the text, its title in a header.
send_text() { text_of "$1" | post '' --header "Title: $(subject_of "$1" | tr -cd '[:print:]')" --header "Content-Type: text/plain; charset=utf-8"; }

# https://api.slack.com/messaging/webhooks
send_slack() { json text 39000 "$1" | post '' --header "Content-Type: application/json"; }

# https://discord.com/developers/docs/resources/webhook#execute-webhook
send_discord() { json content 1900 "$1" | post '' --header "Content-Type: application/json"; }

# A look says to healthchecks how it went (see pulse); what is no state is a log line
# there (https://healthchecks.io/docs/http_api/).
send_healthchecks() { post /log --header "Content-Type: text/plain; charset=utf-8" <"$1"; }

# pulse tells, at each look, that there was one, and what is wrong. So healthchecks
# also notices a server that is gone.
pulse() {
    local text path=
    text=$(cat)
    [[ -n $ALERT_URL && $ALERT_FORMAT == healthchecks ]] || return 0
    [[ -z $text ]] || path=/fail
    post "$path" --header "Content-Type: text/plain; charset=utf-8" <<<"${text:-all is well}" || say "healthchecks could not be told" >&2
}

json() { python3 -c 'import json, sys; print(json.dumps({sys.argv[1]: open(sys.argv[3]).read().strip()[:int(sys.argv[2])]}))' "$1" "$2" "$3"; }

# post PATH ARGS... posts standard input.
post() {
    local path=$1 body status=0
    shift
    body=$(mktemp)
    cat >"$body"
    curl --fail --silent --show-error --max-time 20 --retry 1 --output /dev/null --config - --data-binary "@$body" "$@" <<<"url = \"$ALERT_URL$path\"" || status=$?
    rm "$body"
    return "$status"
}

# send_email hands it to a relay, over TLS only.
send_email() {
    local scheme=smtp letter login='' status=0
    [[ $ALERT_SMTP != *:465 ]] || scheme=smtps
    [[ -z $ALERT_SMTP_USER ]] || login="user = \"$(escaped "$ALERT_SMTP_USER"):$(escaped "$ALERT_SMTP_PASSWORD")\""
    letter=$(mktemp)
    letter_of "$1" >"$letter"
    curl --silent --show-error --max-time 60 --ssl-reqd --crlf --upload-file "$letter" --config - <<CONF || status=$?
url = "$scheme://$ALERT_SMTP/$(hostname)"
mail-from = "$ALERT_FROM"
mail-rcpt = "$ALERT_EMAIL"
$login
CONF
    rm "$letter"
    return "$status"
}

# escaped is for a quoted value of curl's configuration.
escaped() {
    local text=${1//\\/\\\\}
    printf '%s' "${text//\"/\\\"}"
}

letter_of() {
    cat <<LETTER
From: $ALERT_FROM
To: $ALERT_EMAIL
Subject: $(subject_of "$1")
Date: $(date --rfc-email)
Message-ID: <$(tr -d - </proc/sys/kernel/random/uuid)@${ALERT_FROM#*@}>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

$(text_of "$1")
LETTER
}
