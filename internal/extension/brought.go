package extension

import (
	"lanyard/internal/registry"
)

// Brought reads what a stored package brings that no row of the store holds.
func Brought(packed []byte) (*registry.Brought, error) {
	p, err := Stored(packed)
	if err != nil {
		return nil, err
	}
	b := &registry.Brought{Hosts: p.Hosts, Entries: p.Entries}
	for _, c := range p.Connections {
		b.Connections = append(b.Connections, c.LinkName)
	}
	return b, nil
}
