package providers

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

func wire(properties map[string]any) *structpb.Struct {
	marked := resource.NewPropertyMapFromMap(properties)
	sent, err := plugin.MarshalProperties(hidden(marked), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true})
	if err != nil {
		panic(err)
	}
	return sent
}

// hidden makes {"secret": x} the secret x, and "<unknown>" what is not known yet.
func hidden(m resource.PropertyMap) resource.PropertyMap {
	all := resource.PropertyMap{}
	for key, value := range m {
		if value.IsString() && value.StringValue() == "<unknown>" {
			value = resource.MakeComputed(resource.NewProperty(""))
		}
		if value.IsObject() {
			inner := hidden(value.ObjectValue())
			if secret, ok := inner["secret"]; ok && len(inner) == 1 {
				value = resource.MakeSecret(secret)
			} else {
				value = resource.NewObjectProperty(inner)
			}
		}
		all[key] = value
	}
	return all
}

// shown is the opposite, without what the bridge notes for itself.
func shown(sent *structpb.Struct) any {
	if sent == nil {
		return nil
	}
	m, err := plugin.UnmarshalProperties(sent, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true})
	if err != nil {
		panic(err)
	}
	return plainly(resource.NewObjectProperty(m))
}

func plainly(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return map[string]any{"secret": plainly(v.SecretValue().Element)}
	case v.IsOutput():
		return map[string]any{"output": plainly(v.OutputValue().Element)}
	case v.IsComputed():
		return "<unknown>"
	case v.IsArray():
		all := []any{}
		for _, element := range v.ArrayValue() {
			all = append(all, plainly(element))
		}
		return all
	case v.IsObject():
		all := map[string]any{}
		for key, element := range v.ObjectValue() {
			if !strings.HasPrefix(string(key), "__") {
				all[string(key)] = plainly(element)
			}
		}
		return all
	}
	return v.V
}

// kinds puts in the place of what differs each time what kind of thing it is.
func kinds(text string) string {
	for _, k := range []struct{ form, name string }{
		{`-----BEGIN ([A-Z ]+)-----[^-]+-----END [A-Z ]+-----(\\n)?`, "<$1>"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "<time>"},
		{`\b\d{20,}\b`, "<serial>"},
		{`\bname[0-9a-f]{8}\b`, "<name and 8>"},
		{`\b[0-9a-f]{40}\b`, "<sha1>"},
		{`SHA256:[A-Za-z0-9+/]{43}`, "<fingerprint>"},
		{`\b([0-9a-f]{2}:){15}[0-9a-f]{2}\b`, "<md5>"},
		{`AAAA[A-Za-z0-9+/]{60,}=*`, "<public key>"},
		{`invalid zone setting \\"\w+\\" \(value: [^)]*\)`, "invalid zone setting <any>"}, // it goes through them in no order
		{`sdk-v2/provider2\.go:\d+: `, ""},                                                // a line of the bridge
		{`offered: \[\\"([\w-]+)\\"\]`, "offered: [$1]"},                                  // x/crypto v0.48 and v0.58
		{`read tcp \S+ read: connection reset by peer`, "EOF"},                            // as the kernel has it
		{`(Missing required property '\w+'): [^"]*`, "$1"},                                // the provider's documentation
		{`'(?:commandInputs|CommandInputs)\.`, "'CommandInputs."},                         // Go's names of types
		{`'(?:providers|remote)\.[cC](ommandInputs|onnection)'`, "'remote.C$1'"},          // likewise
	} {
		text = regexp.MustCompile(k.form).ReplaceAllString(text, k.name)
	}
	return identifiers(text)
}

// identifiers numbers the IDs in the order in which they come.
func identifiers(text string) string {
	met := map[string]string{}
	return regexp.MustCompile(`\b[0-9a-f]{32}\b`).ReplaceAllStringFunc(text, func(id string) string {
		if met[id] == "" {
			met[id] = fmt.Sprintf("<id %d>", len(met)+1)
		}
		return met[id]
	})
}
