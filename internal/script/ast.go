package script

// Script is a parsed script. It never changes, so it may be run many times at once.
type Script struct {
	Name       string      // of the function, without thisapp. or standalone. before it; empty for a body alone
	Result     string      // the type that it returns: "void", "string", …; empty for a body alone
	Parameters []Parameter // in their order

	// What the script uses is known without running it.

	Connections []string  // link names that invokeurl has as texts, sorted
	Functions   []string  // saved functions that it calls, sorted
	Tasks       []TaskUse // calls of the world outside, in their order

	body  []statement
	slots int      // variables of a frame
	names []string // of the slots
}

// TaskUse is a place where a script calls a function of the world outside, such as zoho.crm.getRecords.
type TaskUse struct {
	Pos       Pos
	Name      string // with its dots, as it is written
	Arguments int
	Last      string // the last argument where it is a text as it stands, which may be a link name; else empty
}

// Parameter is one that the function takes.
type Parameter struct {
	Type, Name string // the type is empty where any will do
	slot       int
}

// statement is one step of a script.
type statement interface{ at() Pos }

// expression is what has a value.
type expression interface{ at() Pos }

type place struct{ Pos }

func (p place) at() Pos { return p.Pos }

type (
	assignStatement struct {
		place
		slot  int
		op    string // "=", "+=", …
		value expression
	}
	ifStatement struct {
		place
		branches []branch // the last one may have no condition
	}
	branch struct {
		condition expression
		body      []statement
	}
	forStatement struct {
		place
		slot  int
		index bool // for each index
		over  expression
		body  []statement
	}
	tryStatement struct {
		place
		body  []statement
		slot  int // of the exception
		catch []statement
	}
	infoStatement struct {
		place
		value expression
	}
	returnStatement struct {
		place
		value expression // nil: none
	}
	breakStatement    struct{ place }
	continueStatement struct{ place }
	callStatement     struct {
		place
		call expression
	}
	taskStatement struct { // sendmail
		place
		name       string
		attributes []attribute
	}
)

type (
	literal struct {
		place
		value Value
	}
	dateLiteral struct {
		place
		date writtenDate
	}
	variable struct {
		place
		slot int
	}
	unary struct {
		place
		op string
		x  expression
	}
	binary struct {
		place
		op   string
		x, y expression
	}
	listLiteral struct {
		place
		items []expression
	}
	mapLiteral struct {
		place
		keys, values []expression
		bare         bool // without braces, as arguments: Collection("a": 1)
	}
	emptyBraces struct{ place } // {}: a list or a map, as it is used
	// call is a function or method: for a method the receiver is the first argument.
	call struct {
		place
		name   string // as it is written
		method bool
		args   []expression
		found  []*builtin // by name, whatever it is called on
	}
	// hostCall is a function of the world outside: zoho.crm.getRecords(…).
	hostCall struct {
		place
		name string // with its dots
		args []expression
	}
	// functionCall is one of a saved function: thisapp.greet(…).
	functionCall struct {
		place
		name      string
		args      []expression
		statement bool // its result is not used
	}
	member struct { // e.message
		place
		x    expression
		name string
	}
	ternary struct { // if(c, a, b)
		place
		condition, yes, no expression
	}
	orElse struct { // ifNull(a, b)
		place
		x, y expression
	}
	invokeURL struct {
		place
		attributes []attribute
	}
)

// attribute is a line of a block in square brackets: url: "…".
type attribute struct {
	place
	name  string // in lower case; blanks and hyphens as one hyphen
	value expression
}
