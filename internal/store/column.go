package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Every type that is not a column's own goes in by one of the functions here and comes out by the scanner below it.

// millis writes a time: Unix milliseconds, and 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant reads what [millis] wrote, as UTC.
type instant struct{ to *time.Time }

func (i instant) Scan(value any) error {
	ms, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is a number of milliseconds, not %T", value)
	}
	*i.to = time.Time{}
	if ms != 0 {
		*i.to = time.UnixMilli(ms).UTC()
	}
	return nil
}

// duration reads a whole number of units.
type duration struct {
	to   *time.Duration
	unit time.Duration
}

func (d duration) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a duration is a whole number, not %T", value)
	}
	*d.to = time.Duration(n) * d.unit
	return nil
}

// encode writes a value as JSON. Nothing that is given here fails to encode: lists and maps of texts, and nouns.
func encode(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a column: %w", err)
	}
	return string(text), nil
}

// encodeList writes a list of texts as JSON, an absent one as an empty one.
func encodeList(texts []string) (string, error) {
	if texts == nil {
		texts = []string{}
	}
	return encode(texts)
}

// decoded reads what [encode] wrote.
type decoded struct{ to any }

func (d decoded) Scan(value any) error {
	switch text := value.(type) {
	case string:
		return json.Unmarshal([]byte(text), d.to)
	case []byte:
		return json.Unmarshal(text, d.to)
	}
	return fmt.Errorf("JSON is text, not %T", value)
}

// unlessNull reads the columns of an outer join, where NULL leaves the zero value.
type unlessNull struct{ to any }

func (u unlessNull) Scan(value any) error {
	if value == nil {
		return nil
	}
	if s, ok := u.to.(interface{ Scan(any) error }); ok {
		return s.Scan(value)
	}
	to := reflect.ValueOf(u.to).Elem()
	switch v := value.(type) {
	case string:
		if to.Kind() == reflect.String {
			to.SetString(v)
			return nil
		}
	case int64:
		if to.CanInt() {
			to.SetInt(v)
			return nil
		}
	}
	return fmt.Errorf("a column holds %T, which is no %s", value, to.Type())
}
