package web

import (
	"slices"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// inventedServices are those of the catalogue that the states show, with the connections of an organization: few, so that
// the golden pages stay as they are when others are added.
var inventedServices = map[lanyard.LinkName]int{"github": 12, "slack": 4, "zoho_crm": 1, "gitlab": 0, "google_drive": 0, "google_sheets": 0, "google_calendar": 0, "hubspot": 0,
	"nasa": 0, "aws_s3": 0, "stripe": 0, "trello": 0}

// inventedCards is a part of the catalogue that comes with Lanyard, as an organization sees it that set no client.
func inventedCards(f registry.CardFilter) *registry.Cards {
	c := &registry.Cards{}
	counts := map[string]*registry.CategoryCount{}
	for _, e := range catalog.Default().Entries() {
		if _, shown := inventedServices[e.LinkName()]; shown && counts[e.Category] == nil {
			counts[e.Category] = &registry.CategoryCount{Category: e.Category, Services: 1}
		} else if shown {
			counts[e.Category].Services++
		}
	}
	for _, hit := range catalog.Default().Search(f.Query) {
		connections, shown := inventedServices[hit.LinkName()]
		if !shown {
			continue
		}
		counts[hit.Category].Found++
		c.All++
		if f.Category != "" && hit.Category != f.Category {
			continue
		}
		c.Found++
		card := registry.Card{Entry: hit.Entry, Connections: connections}
		for i := range hit.Ways {
			card.Ways = append(card.Ways, &hit.Ways[i])
			card.Ready = card.Ready || !hit.Ways[i].NeedsClient()
		}
		if card.Connections > 1 {
			card.Standing.Verified = inventedNow()
		}
		c.Cards = append(c.Cards, card)
	}
	slices.SortStableFunc(c.Cards, func(a, b registry.Card) int { return b.Connections - a.Connections })
	c.Cards = c.Cards[:min(len(c.Cards), f.Limit)]
	for _, category := range catalog.Default().Categories() {
		if counts[category] != nil {
			c.Categories = append(c.Categories, *counts[category])
		}
	}
	return c
}

// inventedClient is a service of the catalogue whose client an owner sets for the first time.
func inventedClient(name lanyard.LinkName, change ...func(*registry.OAuthClientPage)) *registry.OAuthClientPage {
	entry, way := catalog.Default().Find(name)
	p := &registry.OAuthClientPage{
		ServiceView: &registry.ServiceView{
			Service: way.Service().For("org_zylker", nil), CallbackURL: registry.CallbackURL(inventedURL, "org_zylker", name), Entry: entry, Way: way,
			Affected: &store.Affected{},
		},
		MaySet: true,
	}
	for _, f := range change {
		f(p)
	}
	return p
}

// clientIsSet has a client that two people connected with.
func clientIsSet(p *registry.OAuthClientPage) {
	p.Service = p.For("org_zylker", &lanyard.OAuthClient{ClientID: "Iv1.8a61f9b3a7aba766", ClientSecret: lanyard.NewSecret("secret"), Version: 1})
	p.SecretSet, p.SecretFingerprint = true, "3f9a01c2"
	p.Affected = &store.Affected{Authorizations: 3, Connections: 2, People: 2}
}

// ofAMember is what somebody sees who may not set it.
func ofAMember(p *registry.OAuthClientPage) {
	p.MaySet, p.Affected = false, nil
	p.Administrators = []lanyard.User{{Name: "The owner"}, {Name: "The admin"}}
}

func defaultServicesStates() []state {
	v := visiting()
	searched := func(category, query string, limit int) defaultServicesPage {
		return newDefaultServicesPage(v, category, query, inventedCards(registry.CardFilter{Category: category, Query: query, Limit: limit}))
	}
	many := inventedCards(registry.CardFilter{Category: "crm", Limit: cardsAtATime})
	for len(many.Cards) <= cardsAtATime {
		many.Cards = append(many.Cards, many.Cards[0])
	}
	many.Found = 100
	unused := inventedCards(registry.CardFilter{Limit: popularFrom})
	for i := range unused.Cards {
		unused.Cards[i].Connections = 0
	}
	clientPage := func(p *registry.OAuthClientPage, in *oauthClientInput, d *problem.Document) oauthClientPage {
		return newOAuthClientPage(v, p, in, d)
	}
	faults := func(pointers ...string) *problem.Document {
		d := &problem.Document{Status: 400}
		for i := 0; i+1 < len(pointers); i += 2 {
			d.Errors = append(d.Errors, lanyard.FieldError{Pointer: pointers[i], Detail: pointers[i+1]})
		}
		return d
	}
	return []state{
		{"default-services", 200, searched("", "", popularFrom)},
		{"default-services-unused", 200, newDefaultServicesPage(v, "", "", unused)},
		{"default-services-category", 200, searched("crm", "", cardsAtATime)},
		{"default-services-more", 200, newDefaultServicesPage(v, "crm", "", many)},
		{"default-services-search", 200, searched("", "githbu", cardsAtATime)},
		{"default-services-nothing", 200, searched("crm", "nobody's <service>", cardsAtATime)},
		{"default-services-elsewhere", 200, searched("crm", "github", cardsAtATime)},
		{"service-default-to-set-up", 200, inventedDefaultPage(inventedClient("github"))},
		{"service-default-set", 200, inventedDefaultPage(inventedClient("github", clientIsSet))},
		{"service-default-member", 200, inventedDefaultPage(inventedClient("zoho_crm", ofAMember))},
		{"service-default-token", 200, inventedDefaultPage(inventedClient("github_token"))},
		{"oauth-client", 200, clientPage(inventedClient("github"), nil, nil)},
		{"oauth-client-oauth1", 200, clientPage(inventedClient("trello"), nil, nil)},
		{"oauth-client-no-callback", 200, clientPage(inventedClient("paypal"), nil, nil)},
		{"oauth-client-own-server", 200, clientPage(inventedClient("nextcloud_oauth"), nil, nil)},
		{"oauth-client-own-server-faults", 400, clientPage(inventedClient("nextcloud_oauth"), &oauthClientInput{clientID: "id", secret: "typed", parameters: map[string]string{"host": "https://cloud"}}, faults(
			"/parameters/host", "Host is a host name such as git.example.com: a host name has no slashes"))},
		{"oauth-client-set", 200, clientPage(inventedClient("github", clientIsSet), nil, nil)},
		{"oauth-client-faults", 400, clientPage(inventedClient("github"), &oauthClientInput{clientID: "Iv1 8a61", secret: "typed"}, faults(
			"/client_id", "a client id holds no blanks or line breaks: look for one at its beginning or end", "/client_secret", "a blank or line break stands at its beginning or end"))},
		{"oauth-client-replace", 400, clientPage(inventedClient("github", clientIsSet), &oauthClientInput{clientID: "Iv1.other", secret: "typed"}, faults(
			"/replace", "switch this on to set another client: it ends what was connected with the one before"))},
		{"oauth-client-member", 200, clientPage(inventedClient("github", ofAMember), nil, nil)},
		{"oauth-client-member-set", 200, clientPage(inventedClient("github", clientIsSet, ofAMember), nil, nil)},
	}
}

// inventedDefaultPage is the page of a service of the catalogue.
func inventedDefaultPage(p *registry.OAuthClientPage) servicePage {
	page := newServicePage(visiting(), p.ServiceView, serviceConnections{})
	if p.NeedsClient() {
		part := newOAuthClientPart(p, nil, nil)
		page.SetUp = &part
	}
	return page
}
