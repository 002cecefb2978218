-- name: messages_of_person
-- What a person was told, the newest first; what could reach them by nothing was told by nothing. Theirs alone:
-- whose rows may be seen is said in the statement.
SELECT m.id, m.channel, m.state, m.perhaps_again, m.written_at, m.settled_at, m.event, c.language
  FROM message AS m
  LEFT JOIN contact AS c ON c.person_id = m.owner_id
 WHERE (SELECT set_config('talon.person', $1::uuid::text, true)) IS NOT NULL
   AND m.owner_id = $1 AND m.state <> 'no_address' AND ($2::bigint IS NULL OR m.id < $2)
 ORDER BY m.id DESC
 LIMIT $3;

-- name: unknown_messages
-- Of which nobody knows whether they were told, the oldest first.
SELECT id, owner_id, channel, state, perhaps_again, written_at, settled_at, provider, note, event
  FROM message
 WHERE state = 'unknown' AND ($1::bigint IS NULL OR id > $1)
 ORDER BY id
 LIMIT $2;

-- name: find_message
-- Of what was told of an event the one that is unknown, if one is, for whoever settles it.
SELECT id, owner_id, channel, state, perhaps_again, written_at, settled_at, provider, note, event
  FROM message
 WHERE event_id = $1 AND state <> 'no_address'
 ORDER BY state = 'unknown' DESC, nth
 LIMIT 1;
