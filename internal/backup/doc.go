// Package backup makes one encrypted file of a store, checks such a file, and makes a store of it again. A backup is a
// logical one: the rows of all tables, the same for SQLite and PostgreSQL, so that each restores into the other.
//
//	encryption.go  who can open the file: age (https://age-encryption.org/v1)
//	format.go      what is in it
//	backup.go      made and checked
//	restore.go     made into a store again
//	origin.go      does the instance that it was made of still answer?
//
// Sealed values stay sealed. The master key is in the file only where that was asked for; without it, a backup is of no
// use to anybody who does not have the key as well. Nothing is ever on disk in plain text.
package backup
