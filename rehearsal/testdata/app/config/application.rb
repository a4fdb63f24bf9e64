require "rails"
require "active_record/railtie"
require "active_storage/engine"
require "action_controller/railtie"
require "action_view/railtie"

module RunningCalendar
  class Application < Rails::Application
    config.load_defaults 7.1
    config.logger = ActiveSupport::TaggedLogging.new(Logger.new($stdout)) # for `kamal logs`
    config.active_storage.service = :local
    config.active_storage.variant_processor = nil
    # An app's own would be in config/credentials.yml.enc, which that key opens.
    config.secret_key_base = Digest::SHA256.hexdigest(ENV.fetch("RAILS_MASTER_KEY"))
  end
end
