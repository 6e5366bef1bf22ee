package web

import (
	"context"
	"fmt"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/store"
)

// peopleRooms answer the pages about people.
type peopleRooms struct {
	person    *account.Person // nil: inventedPerson
	personErr error           // of what changes a person
}

func (f *rooms) Users(context.Context, *lanyard.Caller, store.UserFilter, store.Page) ([]lanyard.User, string, error) {
	return inventedUsers(), f.next, f.err
}

func (f *rooms) Person(context.Context, *lanyard.Caller, lanyard.UserID) (*account.Person, error) {
	if f.person == nil {
		f.person = inventedPerson()
	}
	return f.person, f.err
}

func (f *rooms) Successors(context.Context, *lanyard.Caller, lanyard.UserID) ([]lanyard.User, error) {
	return inventedUsers()[:1], f.err
}

func (f *rooms) EditUser(_ context.Context, _ *lanyard.Caller, id lanyard.UserID, in account.UserEdit) (*lanyard.User, error) {
	if f.personErr != nil {
		return nil, f.personErr
	}
	what := ""
	if in.Name != nil {
		what += " " + *in.Name
	}
	if in.Role != nil {
		what += " " + string(*in.Role)
	}
	if in.Disabled != nil {
		what += fmt.Sprint(" disabled ", *in.Disabled)
	}
	f.changed("EditUser:" + string(id) + what)
	return &lanyard.User{ID: id, Name: "A member"}, f.err
}

func (f *rooms) HandOver(_ context.Context, _ *lanyard.Caller, id, to lanyard.UserID) (store.Owned, error) {
	if f.personErr != nil {
		return store.Owned{}, f.personErr
	}
	f.changed("HandOver:" + string(id) + " " + string(to))
	return store.Owned{Connections: 14, Services: 1}, f.err
}

func (f *rooms) RemovePerson(_ context.Context, _ *lanyard.Caller, id lanyard.UserID, with store.Removal) error {
	if f.personErr != nil {
		return f.personErr
	}
	f.changed(fmt.Sprintf("RemovePerson:%s %q %v", id, with.HandOverTo, with.Delete))
	return f.err
}
