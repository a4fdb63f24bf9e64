class Run < ApplicationRecord
  has_one_attached :photo
end
