package client_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

// packed is a version of an extension with one function.
func packed(t *testing.T, version string) []byte {
	t.Helper()
	p, err := extension.Read(fstest.MapFS{
		"extension.yaml": {Data: []byte("name: greetings\ntitle: Greetings\nversion: " + version + "\npublisher: Acme\ndescription: Says hello.\n" +
			"scripts:\n  - {link_name: say_hello, name: Say hello, file: scripts/hello.dg}\n")},
		"scripts/hello.dg": {Data: []byte("string hello(string name) {\n\treturn \"Hello \" + name + \" from " + version + "\";\n}\n")},
	}, catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return p.Packed
}

// useExtensions uses every method of extensions, within one organization, which is offered what it publishes itself.
func useExtensions(ctx context.Context, t *testing.T, c *client.Client, organization string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := c.PublishExtension(ctx, packed(t, "1.0.0"), client.Audience{Audience: client.AudienceOrganizations, Organizations: []string{"org_T7ZPQ3XWDN5K2LHRVJ4B"}})
	must(err)
	if p.Name != "greetings" || p.Version != "1.0.0" || !slices.Equal(p.Organizations, []string{"org_T7ZPQ3XWDN5K2LHRVJ4B"}) {
		t.Errorf("published %s", p.JSON())
	}
	p, err = c.SetAudience(ctx, "greetings", client.Audience{Audience: client.AudienceEverybody})
	must(err)
	if p.Audience != client.AudienceEverybody || len(p.Organizations) != 0 {
		t.Errorf("offered to %s", p.JSON())
	}
	for p, err := range c.Publications().All(ctx) {
		must(err)
		if p.Name != "greetings" || p.Package != nil {
			t.Errorf("listed %s", p.JSON())
		}
	}
	p, err = c.Publication(ctx, "greetings")
	must(err)
	if !bytes.Equal(p.Package, packed(t, "1.0.0")) {
		t.Error("what was published comes back as another package")
	}

	from := client.ExtensionSource{Publisher: organization, Name: "greetings"}
	for o, err := range c.ExtensionOffers().All(ctx) {
		must(err)
		if o.Publisher.ID != organization || o.Name != "greetings" || o.Digest != p.Digest {
			t.Errorf("offered %s", o.JSON())
		}
	}
	review, err := c.ReviewExtension(ctx, from)
	must(err)
	if len(review.Contents.Scripts) != 1 || len(review.Obstacles) != 0 || review.Digest != p.Digest {
		t.Errorf("the review is %s", review.JSON())
	}
	x, err := c.InstallExtension(ctx, from, review.Digest, lanyard.WhenGoneEnd)
	must(err)
	if x.Version != "1.0.0" || x.WhenPublisherGone != lanyard.WhenGoneEnd || x.Contents == nil || x.Ends == nil {
		t.Errorf("installed %s", x.JSON())
	}
	x, err = c.SetWhenPublisherGone(ctx, "greetings", lanyard.WhenGoneKeep)
	must(err)
	if x.WhenPublisherGone != lanyard.WhenGoneKeep {
		t.Errorf("when its publisher is gone: %s", x.JSON())
	}
	review, err = c.ReviewExtension(ctx, client.ExtensionSource{Package: packed(t, "1.1.0")})
	must(err)
	if review.Publisher != nil || review.Version != "1.1.0" {
		t.Errorf("the review of a file is %s", review.JSON())
	}
	_, err = c.PublishExtension(ctx, packed(t, "1.1.0"), client.Audience{Audience: client.AudienceEverybody})
	must(err)
	if x, err = c.Extension(ctx, "greetings"); err != nil || x.Newer == nil || x.Newer.Digest != review.Digest {
		t.Errorf("read %+v, %v", x, err)
	}
	x, err = c.UpdateExtension(ctx, "greetings", from, review.Digest)
	must(err)
	if x.Version != "1.1.0" || x.Ended == nil || x.Newer != nil {
		t.Errorf("updated to %s", x.JSON())
	}
	for x, err := range c.Extensions().All(ctx) {
		must(err)
		if x.Name != "greetings" || x.Contents != nil {
			t.Errorf("listed %s", x.JSON())
		}
	}
	ended, err := c.UninstallExtension(ctx, "greetings")
	must(err)
	if !slices.Equal(ended.Functions, []string{"say_hello"}) {
		t.Errorf("uninstalling ended %s", ended.JSON())
	}
	must(c.WithdrawExtension(ctx, "greetings"))
}
