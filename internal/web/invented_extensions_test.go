package web

import (
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

const inventedDigest = "9f2c4e1ab07d5583c6f0e2d94b7a18c35d60f7e89a1b2c3d4e5f60718293a4b5"

const inventedSync = `list sync_orders(int days)
{
	since = zoho.currentdate.subDay(days);
	orders = invokeurl
	[
		url: "https://api.acme.example/v2/orders?since=" + since
		type: GET
		connection: "acme_orders"
	];
	info "Orders: " + orders.size();
	return orders;
}
`

func inventedPackage(version string) *extension.Package {
	return &extension.Package{Digest: inventedDigest, Manifest: extension.Manifest{Name: "acme", Title: "Acme orders", Version: version, Publisher: "Acme Inc.",
		Description: "Brings orders from Acme into your spreadsheets, each night.", DocsURL: "https://docs.acme.example/lanyard"}}
}

func inventedContents() *extension.Contents {
	hosts := []string{"api.acme.example", "*.files.acme.example"}
	return &extension.Contents{
		Services: []extension.BroughtService{{LinkName: "acme", Name: "Acme", Type: lanyard.AuthOAuth2, Hosts: hosts, NeedsClient: true, URLs: []extension.NamedURL{
			{Name: "Base URL", URL: "https://api.acme.example/v2"}, {Name: "Authorize URL", URL: "https://accounts.acme.example/authorize"}, {Name: "Access token URL", URL: "https://accounts.acme.example/token"}}}},
		Connections: []extension.BroughtConnection{
			{Connection: extension.Connection{LinkName: "acme_orders", Name: "Acme orders", Service: "acme", UseLoginUserCredentials: true}, ServiceName: "Acme", Hosts: hosts,
				Scopes: []lanyard.Scope{{Name: "Read orders", Value: "orders.read"}, {Name: "invoices", Value: "invoices"}}, Scripts: []lanyard.LinkName{"sync_orders"}},
			{Connection: extension.Connection{LinkName: "acme_sheet", Name: longName, Service: "google_sheets"}, ServiceName: "Google Sheets", Hosts: []string{"sheets.googleapis.com"}},
		},
		Scripts: []extension.BroughtScript{
			{Script: extension.Script{LinkName: "sync_orders", Name: "Sync orders", Source: inventedSync}, Connections: []lanyard.LinkName{"acme_orders"}, Tasks: []string{"acme.listOrders"}, Lines: 12},
			{Script: extension.Script{LinkName: "hello", Name: "Hello", Source: "info \"pass\u202eword\";\n"}, Lines: 1},
		},
		Tasks: []string{"acme.listOrders"}, Hosts: []string{"status.acme.example"},
	}
}

func inventedInstalled() *extension.Installed {
	return &extension.Installed{Organization: "Acme GmbH", Extension: lanyard.Extension{ID: "ext_1", OrganizationID: "org_zylker", Name: "acme", Title: "Acme orders", Version: "1.2.0", Publisher: "org_acme", PublisherName: "Acme Inc.",
		Digest: strings.Repeat("ab", 32), WhenGone: lanyard.WhenGoneKeep, InstalledBy: dana, CreatedAt: inventedNow().Add(-20 * 24 * time.Hour), UpdatedAt: inventedNow().Add(-3 * 24 * time.Hour)}}
}

func inventedPublication(everybody bool, to []lanyard.OrganizationID) *lanyard.Publication {
	return &lanyard.Publication{OrganizationID: "org_acme", Name: "acme", Title: "Acme orders", Description: "Brings orders from Acme into your spreadsheets, each night.", Version: "1.3.0",
		PublisherName: "Acme Inc.", Digest: inventedDigest, Everybody: everybody, Organizations: to, UpdatedAt: inventedNow().Add(-2 * time.Hour)}
}

func inventedOffers() []extension.Offer {
	offer := func(name, title, version, installed string) extension.Offer {
		p := *inventedPublication(true, nil)
		p.Name, p.Title, p.Version = lanyard.LinkName(name), title, version
		return extension.Offer{Publication: p, OrganizationName: "Acme GmbH", Installed: installed}
	}
	return []extension.Offer{offer("acme", "Acme orders", "1.3.0", "1.2.0"), offer("ledger", longName, "0.4.1", ""), offer("mail", "Mail merge", "2.0.0", "2.0.0")}
}

// inventedReview is of an install, or of the update of what is installed.
func inventedReview(installed bool) *extension.Review {
	r := &extension.Review{Package: inventedPackage("1.3.0"), Contents: inventedContents(), Publisher: "Acme GmbH"}
	if installed {
		r.Installed = &inventedInstalled().Extension
		r.Changes = []extension.Change{
			{What: "Service Acme", Words: "Credentials may also go to *.files.acme.example.", Reach: true},
			{What: "Connection acme_orders", Words: "It asks for one more scope: invoices.", Reach: true},
			{What: "Script sync_orders", Words: "Its text changes.", Reach: true, Before: strings.Replace(inventedSync, "\tinfo \"Orders: \" + orders.size();\n", "", 1), After: inventedSync},
			{What: "Script goodbye", Words: "It is removed."},
		}
		r.Ends = extension.Ends{Authorizations: 14, People: 12, Connections: 1, Functions: []lanyard.LinkName{"goodbye"}, Others: []lanyard.LinkName{"acme_by_hand"}}
	}
	return r
}

func extensionsStates() []state {
	v, member := visiting(), visiting()
	caller, user := *member.caller, *member.user
	caller.Role, user.Role = lanyard.RoleMember, lanyard.RoleMember
	member.caller, member.user = &caller, &user
	newer, waits, gone, fromFile := *inventedInstalled(), *inventedInstalled(), *inventedInstalled(), *inventedInstalled()
	newer.Newer, newer.Waiting = &inventedOffers()[0], []lanyard.LinkName{"acme_orders"}
	waits.Title, waits.Name, waits.Waiting = longName, "ledger", []lanyard.LinkName{"a", "b"}
	gone.Title, gone.Name, gone.GoneAt, gone.Organization = "Mail merge", "mail", inventedNow().Add(-time.Hour), ""
	fromFile.Title, fromFile.Name, fromFile.Publisher, fromFile.Organization = "Own tools", "own_tools", "", ""
	standing := map[lanyard.LinkName]registry.ConnectionView{
		"acme_orders": {Connection: *inventedConnection("Acme orders", "acme_orders"), ServiceName: "Acme"},
	}
	offer := extension.Source{Publisher: "org_acme", Name: "acme"}
	file := extension.Source{Packed: []byte("PK")}
	blocked, upload, same := inventedReview(false), inventedReview(false), inventedReview(true)
	blocked.Obstacles = []string{"The link name acme_orders is taken by a connection of your organization.", "There is a default service acme."}
	upload.Publisher = ""
	same.Installed.Digest = inventedDigest
	moved := problem.Of(lanyard.Errorf(lanyard.CodeConflict, "The publisher offers another version by now. Read it, and accept that one."), "")
	faults := problem.Of(&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/package", Detail: "extension.yaml:4: version: 1.3 is no version: write 1.3.0"}, {Pointer: "/organizations/1", Detail: "this is no id of an organization"}}}, "")
	failed := newOffersPage(v, nil, "", "")
	failed.Upload = newUploadPart(faults, "This file cannot be installed")
	uninstall := &extension.Ends{Authorizations: 14, People: 12, Connections: 2, Services: []lanyard.LinkName{"acme"}, Functions: []lanyard.LinkName{"sync_orders", "hello"}, Others: []lanyard.LinkName{"acme_by_hand"}}
	missing := map[lanyard.LinkName]bool{"acme": true}
	return []state{
		{"extensions", 200, newExtensionsPage(v, []extension.Installed{newer, waits, gone, fromFile})},
		{"extensions-none", 200, newExtensionsPage(v, nil)},
		{"extensions-none-member", 200, newExtensionsPage(member, nil)},
		{"extension-offers", 200, newOffersPage(v, inventedOffers(), "x", "y")},
		{"extension-offers-none", 200, newOffersPage(member, nil, "", "")},
		{"extension-offers-faults", 400, failed},
		{"extension-install", 200, newReviewPage(v, offer, inventedReview(false), nil, nil)},
		{"extension-install-file", 200, newReviewPage(v, file, upload, nil, nil)},
		{"extension-install-obstacles", 200, newReviewPage(v, offer, blocked, nil, nil)},
		{"extension-install-member", 200, newReviewPage(member, offer, inventedReview(false), []string{"The owner", "the platform team"}, nil)},
		{"extension-update", 200, newReviewPage(v, offer, inventedReview(true), nil, nil)},
		{"extension-update-moved", 409, newReviewPage(v, offer, inventedReview(true), nil, moved)},
		{"extension-update-same", 200, newReviewPage(v, file, same, nil, nil)},
		{"extension", 200, newExtensionPage(v, &newer, inventedContents(), "the platform team", standing, missing)},
		{"extension-gone", 200, newExtensionPage(member, &gone, inventedContents(), "the platform team", nil, nil)},
		{"extension-uninstall", 200, newUninstallPage(v, inventedInstalled(), uninstall)},
		{"extension-uninstall-unused", 200, newUninstallPage(v, inventedInstalled(), &extension.Ends{Connections: 1})},
		{"publications", 200, newPublicationsPage(v, []lanyard.Publication{*inventedPublication(false, []lanyard.OrganizationID{"org_a", "org_b"}), *inventedPublication(true, nil), *inventedPublication(false, nil)})},
		{"publications-none", 200, newPublicationsPage(v, nil)},
		{"publish", 200, newPublishPage(v, audienceInput{}, nil)},
		{"publish-faults", 400, newPublishPage(v, audienceInput{"organizations", "org_a\nnonsense"}, faults)},
		{"publication", 200, newPublicationPage(v, inventedPublication(false, []lanyard.OrganizationID{"org_a", "org_b"}), inventedPackage("1.3.0"), inventedContents(), nil, nil)},
		{"publication-withdraw", 200, newWithdrawPage(v, inventedPublication(true, nil))},
	}
}
