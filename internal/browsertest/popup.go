package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Popup is the window that the page opened, once there is one.
func (b *Tab) Popup() *Tab {
	b.t.Helper()
	own := chromedp.FromContext(b.Context).Target.TargetID
	var found target.ID
	b.until("there is a pop-up", func(ctx context.Context) (bool, error) {
		all, err := chromedp.Targets(ctx)
		for _, info := range all {
			if info.Type == "page" && info.OpenerID == own {
				found = info.TargetID
			}
		}
		return found != "", err
	})
	ctx, closePopup := chromedp.NewContext(b.Context, chromedp.WithTargetID(found))
	b.t.Cleanup(closePopup)
	p := &Tab{Context: ctx, t: b.t}
	p.Do()
	p.watchConsole()
	return p
}
