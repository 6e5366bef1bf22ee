package account

import (
	"context"
	"slices"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// maxPeople is how many people a choice offers.
const maxPeople = 500

// Names gives the names of the users and API keys in records that the caller was given. Whoever does not see
// everybody's records learns no other user's name.
func (a *Accounts) Names(ctx context.Context, c *lanyard.Caller, users []lanyard.UserID, keys []lanyard.APIKeyID) (store.Names, error) {
	if !access.SeeAllRecords(c) {
		users = slices.DeleteFunc(slices.Clone(users), func(u lanyard.UserID) bool { return u != c.User })
	}
	return a.store.Names(ctx, c.Organization, users, keys)
}

// People lists whose records the caller may ask for, by name, the first 500: everybody for owners and admins, nobody
// for others, who see their own and no choice.
func (a *Accounts) People(ctx context.Context, c *lanyard.Caller) ([]lanyard.User, error) {
	if !access.SeeAllRecords(c) {
		return nil, nil
	}
	return a.store.People(ctx, c.Organization, maxPeople)
}
