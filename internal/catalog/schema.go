package catalog

import _ "embed" // the schema

// Schema is the JSON Schema (draft 2020-12) of a file, for editors. It is narrower than the rules in what it can say and
// silent in what it cannot: whether a file is right, [Load] decides.
//
//go:embed schema.json
var Schema []byte
