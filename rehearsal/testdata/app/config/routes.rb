Rails.application.routes.draw do
  get "up" => "rails/health#show"
  resources :runs, only: %i[index create show]
  root "runs#index"
end
