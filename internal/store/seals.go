package store

import (
	"encoding/hex"
	"errors"
	"strings"

	"lanyard/internal/vault"
)

// sealedColumn says how the cell of a sealed column is made of the row that it stands in: what the functions of seal.go
// make of the same values.
type sealedColumn struct {
	table, column string
	row           []string // columns whose values, joined, are the cell's row
	version       string   // column; empty: 1
}

// sealedColumns are all of them but the keyset itself.
var sealedColumns = []sealedColumn{
	{"services", "secret_sealed", []string{"id"}, "version"},
	{"oauth_clients", "client_secret_sealed", []string{"service_link_name"}, "version"},
	{"authorizations", "credential_sealed", []string{"id"}, "generation"},
	{"single_sign_on", "client_secret_sealed", []string{"organization_id"}, "version"},
	{"connect_links", "parameters_sealed", []string{"hash"}, ""},
	{"consent_requests", "secrets_sealed", []string{"id"}, ""},
	{"connect_sessions", "parameters_sealed", []string{"id"}, ""},
	{"connect_sessions", "credential_sealed", []string{"id"}, "grant_version"},
	{"sign_in_requests", "secrets_sealed", []string{"state_hash"}, ""},
	{"provider_revocations", "request_sealed", []string{"id"}, ""},
	{"webhooks", "secrets_sealed", []string{"id"}, "secrets_version"},
	{"function_versions", "script_sealed", []string{"function_id"}, "version"},
	{"function_runs", "report_sealed", []string{"id"}, ""},
}

// Seals opens the sealed values of a dump, to see that they do, and forgets them.
type Seals struct {
	key   vault.Key
	where string // the key came from
	vault *vault.Vault
	// Opened counts the values that opened.
	Opened int
}

// ReadSeals opens with the key in a file; its errors are those of [vault.ReadKey].
func ReadSeals(keyFile string) (*Seals, error) {
	key, err := vault.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	return &Seals{key: key, where: keyFile}, nil
}

// SealsOf opens with the text of a key file.
func SealsOf(text, where string) (*Seals, error) {
	key, err := vault.ParseKey(where, []byte(text))
	if err != nil {
		return nil, err
	}
	return &Seals{key: key, where: where}, nil
}

// WriteKey makes a key file with mode 0600. A file that is there already gives an error that is fs.ErrExist.
func (s *Seals) WriteKey(path string) error { return s.key.Write(path) }

// Check opens every sealed value of a row. The keyset's row has to come first; a wrong key is told there, by a
// *[vault.KeyError].
func (s *Seals) Check(t Table, row []any) (err error) {
	value := func(column string) any {
		for i, c := range t.Columns {
			if c.Name == column {
				return row[i]
			}
		}
		return nil
	}
	if t.Name == "keysets" {
		sealed, _ := value("sealed").([]byte)
		if s.vault, err = openKeyset(s.where, s.key, sealed); err != nil {
			return err
		}
		check, _ := value("check_sealed").([]byte)
		_, err = s.vault.Open(check, checkCell)
		return err
	}
	for _, c := range sealedColumns {
		sealed, _ := value(c.column).([]byte)
		if c.table != t.Name || len(sealed) == 0 { // NULL, or erased
			continue
		}
		if s.vault == nil {
			return errors.New("the data keys do not stand before what they seal")
		}
		cell := vault.Cell{Table: c.table, Column: c.column, Version: 1}
		cell.Organization, _ = value("organization_id").(string)
		var parts []string
		for _, column := range c.row {
			switch v := value(column).(type) {
			case string:
				parts = append(parts, v)
			case []byte:
				parts = append(parts, hex.EncodeToString(v))
			}
		}
		cell.Row = strings.Join(parts, " ")
		if c.version != "" {
			cell.Version, _ = value(c.version).(int64)
		}
		plaintext, err := s.vault.Open(sealed, cell)
		if err != nil {
			return err
		}
		clear(plaintext)
		s.Opened++
	}
	return nil
}
