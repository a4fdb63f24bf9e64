# A newer Docker is installed at the hour, and no container notices.
# shellcheck shell=bash disable=SC2154 # lib.sh stands in front
newer one true
offer one
before=$(docker ps --quiet --no-trunc | sort)
daemon=$(pidof dockerd)
systemctl start rails-on-hetzner-docker-update.service
[[ $(dpkg-query -W -f '${Version}' docker.io) == *+one ]] || wrong "it was not updated"
[[ $(pidof dockerd) != "$daemon" ]] || wrong "the old Docker still runs, so this proves nothing"
[[ $(docker ps --quiet --no-trunc | sort) == "$before" ]] || wrong "the containers are others"
[[ $(<"$state/docker-update") == succeeded ]] || wrong "its end is noted as $(<"$state/docker-update")"
echo PASSED
