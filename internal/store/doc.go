// Package store keeps everything Lanyard has to remember, in SQLite or PostgreSQL, and finds it again. It decides
// nothing: who may do what, and what a change means, is settled by its callers. What it does promise:
//
//   - Every function that reads or changes something of an organization takes the organization, and so does every
//     query and every key: a foreign id is as absent as one that never was.
//   - A change and its audit entry are one transaction. What was acknowledged is on disk.
//   - Concurrent change is a version, a generation or a conditional UPDATE. Nothing is locked while a provider is
//     called.
//   - Secrets lie in columns called …_sealed and nowhere else. Only this package seals and opens them (internal/vault),
//     each for its own row, column and version. Keys, sessions and one-time links are stored as hashes, made by the
//     callers.
//   - One SQL text serves both databases; what differs is in dialect.go.
//
// There is a file per noun, with the text of each query beside the function that runs it. Start with store.go (what
// opening does), then tx.go (how queries run), then migrations/0001_init.sql; schema.sql shows the schema in one page.
package store
