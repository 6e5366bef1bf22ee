package web

import (
	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// inventedCards is the catalogue that comes with Lanyard, as an organization sees it that set no client.
func inventedCards() *registry.Cards {
	c := &registry.Cards{Categories: catalog.Default().Categories()}
	for _, e := range catalog.Default().Entries() {
		card := registry.Card{Entry: e, LinkName: e.LinkName()}
		for _, w := range e.Ways {
			card.Ready = card.Ready || !w.NeedsClient()
		}
		c.Cards = append(c.Cards, card)
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
	searched := func(category, query string) *registry.Cards {
		all := inventedCards()
		found := &registry.Cards{Categories: all.Categories}
		for _, c := range all.Cards {
			if (category == "" || c.Category == category) && c.Matches(query) {
				found.Cards = append(found.Cards, c)
			}
		}
		return found
	}
	many := inventedCards()
	for range groupLimit {
		many.Cards = append(many.Cards, many.Cards[0])
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
		{"default-services", 200, newDefaultServicesPage(v, "", "", inventedCards())},
		{"default-services-many", 200, newDefaultServicesPage(v, "", "", many)},
		{"default-services-category", 200, newDefaultServicesPage(v, "crm", "", searched("crm", ""))},
		{"default-services-search", 200, newDefaultServicesPage(v, "", "git", searched("", "git"))},
		{"default-services-nothing", 200, newDefaultServicesPage(v, "crm", "nobody's <service>", searched("crm", "nobody's <service>"))},
		{"service-default-to-set-up", 200, inventedDefaultPage(inventedClient("github"))},
		{"service-default-set", 200, inventedDefaultPage(inventedClient("github", clientIsSet))},
		{"service-default-member", 200, inventedDefaultPage(inventedClient("zoho_crm", ofAMember))},
		{"service-default-token", 200, inventedDefaultPage(inventedClient("github_token"))},
		{"oauth-client", 200, clientPage(inventedClient("github"), nil, nil)},
		{"oauth-client-oauth1", 200, clientPage(inventedClient("trello"), nil, nil)},
		{"oauth-client-no-callback", 200, clientPage(inventedClient("paypal"), nil, nil)},
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
