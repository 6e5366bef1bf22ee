package extension

import _ "embed" // the schema

// Schema is the JSON Schema (draft 2020-12) of extension.yaml, for editors. It is silent in what a schema cannot say:
// whether an extension is right, [Read] decides.
//
//go:embed schema.json
var Schema []byte
