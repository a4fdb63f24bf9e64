package cloud

import (
	"net/http"
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) addService(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionAddServiceRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	service, err := newService(wanted)
	switch {
	case err != nil:
		return answer{}, err
	case b.serviceOn(service.ListenPort) >= 0:
		return answer{}, conflicting("source_port_already_used", "source port is already in use")
	case len(b.Services) >= b.LoadBalancerType.MaxServices:
		return answer{}, conflicting("resource_limit_exceeded", "the load balancer type allows no more services")
	}
	b.Services = append(b.Services, service)
	return c.begun(c.begin("add_service", "load_balancer", b.ID, c.balancing(b)))
}

// newService checks a service of TCP, which is passed on as it comes.
func newService(wanted schema.LoadBalancerActionAddServiceRequest) (schema.LoadBalancerService, error) {
	service := schema.LoadBalancerService{Protocol: wanted.Protocol, Proxyprotocol: wanted.Proxyprotocol != nil && *wanted.Proxyprotocol}
	switch {
	case wanted.Protocol != "tcp":
		return service, invalid("protocol", "this local cloud's load balancers have services of TCP only")
	case wanted.ListenPort == nil || wanted.DestinationPort == nil:
		return service, invalid("listen_port", "listen_port and destination_port are required for tcp")
	case !isPort(*wanted.ListenPort) || !isPort(*wanted.DestinationPort):
		return service, invalid("listen_port", "must be between 1 and 65535")
	}
	service.ListenPort, service.DestinationPort = *wanted.ListenPort, *wanted.DestinationPort
	check := schema.LoadBalancerServiceHealthCheck{Protocol: "tcp", Port: service.DestinationPort, Interval: 15, Timeout: 10, Retries: 3}
	if asked := wanted.HealthCheck; asked != nil {
		change := schema.LoadBalancerActionUpdateServiceRequestHealthCheck{Protocol: &asked.Protocol, Port: asked.Port, Interval: asked.Interval, Timeout: asked.Timeout, Retries: asked.Retries}
		if asked.HTTP != nil {
			change.HTTP = (*schema.LoadBalancerActionUpdateServiceRequestHealthCheckHTTP)(asked.HTTP)
		}
		if err := changeCheck(&check, change); err != nil {
			return service, err
		}
	}
	service.HealthCheck = &check
	return service, nil
}

func isPort(number int) bool { return 1 <= number && number <= 65535 }

// changeCheck sets what is given, within the API's bounds
// (https://docs.hetzner.cloud/reference/cloud#load-balancer-actions).
func changeCheck(check *schema.LoadBalancerServiceHealthCheck, wanted schema.LoadBalancerActionUpdateServiceRequestHealthCheck) error {
	set(&check.Protocol, wanted.Protocol)
	set(&check.Port, wanted.Port)
	set(&check.Interval, wanted.Interval)
	set(&check.Timeout, wanted.Timeout)
	set(&check.Retries, wanted.Retries)
	if asked := wanted.HTTP; asked != nil {
		if check.HTTP == nil {
			check.HTTP = &schema.LoadBalancerServiceHealthCheckHTTP{Path: "/", StatusCodes: []string{"2??", "3??"}}
		}
		set(&check.HTTP.Domain, asked.Domain)
		set(&check.HTTP.Path, asked.Path)
		set(&check.HTTP.Response, asked.Response)
		set(&check.HTTP.StatusCodes, asked.StatusCodes)
		set(&check.HTTP.TLS, asked.TLS)
	}
	switch {
	case check.Protocol != "tcp" && check.Protocol != "http":
		return invalid("health_check.protocol", "must be one of: tcp, http")
	case check.Protocol == "http" && check.HTTP == nil:
		return invalid("health_check.http", "is required for http")
	case !isPort(check.Port):
		return invalid("health_check.port", "must be between 1 and 65535")
	case check.Interval < 3 || check.Interval > 60:
		return invalid("health_check.interval", "must be between 3 and 60")
	case check.Timeout < 1 || check.Timeout > check.Interval:
		return invalid("health_check.timeout", "must be between 1 and the interval")
	case check.Retries < 1 || check.Retries > 5:
		return invalid("health_check.retries", "must be between 1 and 5")
	}
	return nil
}

// set changes a value where another is given.
func set[T any](value, given *T) {
	if given != nil {
		*value = *given
	}
}

func (c *Cloud) updateService(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionUpdateServiceRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	at := b.serviceOn(wanted.ListenPort)
	if at < 0 {
		return answer{}, notFound("service")
	}
	changed := b.Services[at]
	check := *changed.HealthCheck
	if check.HTTP != nil {
		http := *check.HTTP
		check.HTTP = &http
	}
	changed.HealthCheck = &check
	set(&changed.Protocol, wanted.Protocol)
	set(&changed.DestinationPort, wanted.DestinationPort)
	set(&changed.Proxyprotocol, wanted.Proxyprotocol)
	if changed.Protocol != "tcp" || !isPort(changed.DestinationPort) {
		return answer{}, invalid("protocol", "this local cloud's load balancers have services of TCP only, with a port between 1 and 65535")
	}
	if wanted.HealthCheck != nil {
		if err := changeCheck(&check, *wanted.HealthCheck); err != nil {
			return answer{}, err
		}
	}
	b.Services[at] = changed
	return c.begun(c.begin("update_service", "load_balancer", b.ID, c.balancing(b)))
}

func (c *Cloud) deleteService(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerDeleteServiceRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	at := b.serviceOn(wanted.ListenPort)
	if at < 0 {
		return answer{}, notFound("service")
	}
	b.Services = slices.Delete(slices.Clone(b.Services), at, at+1)
	return c.begun(c.begin("delete_service", "load_balancer", b.ID, c.balancing(b)))
}

// serviceOn is the service's place in the list, or -1.
func (b *loadBalancer) serviceOn(port int) int {
	return slices.IndexFunc(b.Services, func(s schema.LoadBalancerService) bool { return s.ListenPort == port })
}
