package account

import (
	"fmt"
	"testing"

	"lanyard"
)

// A key's connections become parameters of a query, of which a database takes no more than some ten thousand.
func TestAKeyIsLimitedToSoManyConnections(t *testing.T) {
	w := newWorld(t)
	c := w.caller(w.in(someone))
	var names []string
	for i := range maxKeyConnections {
		names = append(names, fmt.Sprint("a", i))
	}
	// There are no such connections, and each of them is said.
	_, _, err := w.CreateKey(t.Context(), c, NewKey{Name: "key", Connections: names})
	if e, _ := err.(*lanyard.Error); e == nil || len(e.Fields) != maxKeyConnections || e.Fields[7].Pointer != "/connections/7" {
		t.Errorf("%d connections: %v", len(names), err)
	}
	_, _, err = w.CreateKey(t.Context(), c, NewKey{Name: "key", Connections: append(names, "one_more")})
	if e, _ := err.(*lanyard.Error); e == nil || len(e.Fields) != 1 || e.Fields[0].Pointer != "/connections" {
		t.Errorf("one more: %v", err)
	}
}
