// Package vault seals what Lanyard keeps secret at rest and opens it again.
//
// There are two keys, one above the other. The master key ([Key]) comes from a file that only the operator holds; it
// does one thing: it seals the keyset. The keyset lies in the database, so that a database without its key file is
// useless, and a key file without its database too. A [Vault] is an opened keyset; it seals values, each nailed to
// the [Cell] that it stands in: organization, table, row, column and version are its associated data, so a sealed
// value that is moved to another row, column or organization, or an old one put back, does not open.
//
// The cipher is XChaCha20-Poly1305 in Tink's format. Its nonces are 192 random bits, so one key may seal any number
// of values that a server can ever write (at 2^64 values the chance of a repeated nonce is 2^-65). Key id and nonce
// stay inside the sealed value, and a value of an unknown key or format is refused.
//
// The package keeps nothing and knows no database; internal/store is its only user. Start with [Vault.Seal] and
// keyfile.go.
package vault
